import Joi from 'joi';
import { randomHex } from '@ringdown/core';
import { defineOperation, type Operation, type WireMessage } from '@ringdown/contracts';
import type {
  Broker,
  Feed,
  FeedOptions,
  Gap,
  LogEntry,
  LogOptions,
  LogReader,
  OperationHandler,
} from '../broker';
import type { JournalLimits } from '../shared/topology';
import { until } from './until';

export interface HarnessOptions {
  /** What the event logs keep. Default: the implementation's. */
  readonly journal?: JournalLimits;
}

/** Where the suite gets its brokers from. All brokers of one harness are connected with each other. */
export interface BrokerHarness {
  /** A broker that has not started yet; the suite stops it. */
  connect(options: { readonly service: string; readonly instance?: string }): Broker;
  close(): Promise<void>;
}

export interface OpenFeed {
  readonly feed: Feed;
  readonly messages: WireMessage[];
  readonly gaps: Gap[];
  keys(): string[];
}

export interface OpenLog {
  readonly reader: LogReader;
  readonly entries: LogEntry[];
  readonly truncations: { readonly from: number; readonly to: number }[];
  /** Entries read before each reset. */
  readonly resets: number[];
  /** Routing keys of this test. */
  keys(): string[];
}

export interface ClaimJournal {
  readonly claim: { readonly held: boolean; close(): Promise<void> };
  /** `held` and `lost`, in the order they were told. */
  readonly told: string[];
}

/** What the tests of one section work with: brokers that are stopped after each test, and ways to look at them. */
export class ContractSuite {
  /** Unique per test, so that durable queues and words in routing keys do not meet. */
  tag = '';
  private harness: BrokerHarness | undefined;
  private brokers: Broker[] = [];

  constructor(private readonly makeHarness: (options: HarnessOptions) => Promise<BrokerHarness>) {}

  async begin(options: HarnessOptions = {}): Promise<void> {
    this.harness = await this.makeHarness(options);
  }

  async end(): Promise<void> {
    await this.harness?.close();
  }

  async afterEach(): Promise<void> {
    await Promise.all(this.brokers.map((it) => it.stop()));
    this.brokers = [];
  }

  unstarted(options: { readonly service: string; readonly instance?: string }): Broker {
    const broker = this.harness!.connect(options);
    this.brokers.push(broker);
    return broker;
  }

  async connect(service = `a${this.tag}`, instance?: string): Promise<Broker> {
    const broker = this.unstarted(instance === undefined ? { service } : { service, instance });
    await broker.start();
    return broker;
  }

  async open(broker: Broker, options: Partial<FeedOptions> = {}): Promise<OpenFeed> {
    const messages: WireMessage[] = [];
    const gaps: Gap[] = [];
    const feed = await broker.openFeed(
      { name: 'feed', maxLength: 10_000, ...options },
      { onMessage: (message) => void messages.push(message), onGap: (gap) => void gaps.push(gap) },
    );
    return { feed, messages, gaps, keys: () => messages.map((it) => it.routingKey) };
  }

  async openLog(broker: Broker, options: Partial<LogOptions> = {}): Promise<OpenLog> {
    return openLogOf(broker, this.tag, options);
  }

  async claim(
    broker: Broker,
    name: string,
    handlers: readonly OperationHandler[] = [],
  ): Promise<ClaimJournal> {
    const told: string[] = [];
    const claim = await broker.claim(name, handlers, {
      onHeld: () => void told.push('held'),
      onLost: () => void told.push('lost'),
    });
    return { claim, told };
  }

  event(routingKey: string, text = '{}'): { exchange: string; routingKey: string; body: Buffer } {
    return { exchange: 'call', routingKey, body: Buffer.from(text) };
  }

  /** Arrives after everything the broker published before, so that its arrival proves what did not. */
  async fence(broker: Broker, seen: OpenFeed): Promise<void> {
    const key = `fence.${randomHex(8)}`;
    await seen.feed.bind('call', key);
    await broker.publish(this.event(key));
    await until('the fence', () => seen.keys().includes(key));
    seen.messages.splice(
      seen.messages.findIndex((it) => it.routingKey === key),
      1,
    );
  }

  operation(service = `a${this.tag}`, name = 'double'): Operation<{ n: number }, { n: number }> {
    return defineOperation(service, name, Joi.object({ n: Joi.number().required() }));
  }
}

/** A reader that remembers what it was told. */
export async function openLogOf(
  broker: Broker,
  tag: string,
  options: Partial<LogOptions> = {},
): Promise<OpenLog> {
  const entries: LogEntry[] = [];
  const truncations: { from: number; to: number }[] = [];
  const resets: number[] = [];
  const reader = await broker.openLog(
    { exchange: 'call', from: 'first', ...options },
    {
      onEntry: (entry) => void entries.push(entry),
      onTruncated: (from, to) => void truncations.push({ from, to }),
      onReset: () => void resets.push(entries.length),
    },
  );
  const keys = (): string[] =>
    entries.map((it) => it.message.routingKey).filter((key) => key.startsWith(tag));
  return { reader, entries, truncations, resets, keys };
}
