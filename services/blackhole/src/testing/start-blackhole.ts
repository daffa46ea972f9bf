import { silentLogger } from '@ringdown/core';
import {
  createEmbeddedHub,
  type Broker,
  type Feed,
  type FeedHandlers,
  type FeedOptions,
} from '@ringdown/broker';
import { loadSettings, type SettingsOverrides } from '@ringdown/config';
import { encodeEvent, type EventDraft, type WireMessage } from '@ringdown/contracts';
import { WsClient, onTeardown, type WsConnectOptions } from '@ringdown/testing';
import { buildBlackhole, type Blackhole } from '../index';
import { FakeDirectory } from './fake-directory';

/** root > reseller > customer, and a sibling of customer. */
export const ROOT = 'a'.repeat(32);
export const RESELLER = 'b'.repeat(32);
export const CUSTOMER = 'c'.repeat(32);
export const SIBLING = 'd'.repeat(32);

/** A real gateway on a free port, an embedded broker behind it, a directory the test decides about. */
export interface TestBlackhole {
  readonly blackhole: Blackhole;
  /** Of the gateway itself. */
  readonly broker: Broker;
  /** Of somebody else, for requests and publishing. */
  readonly peer: Broker;
  readonly directory: FakeDirectory;
  readonly url: string;
  /** Of the account, or of the root's super admin. */
  readonly token: string;
  /** The bindings on the broker right now. */
  bindings(): string[];
  /** What the gateway's feed calls. */
  handlers(): FeedHandlers;
  /** Makes the feed report a gap. */
  gap(reason: 'reconnect' | 'overflow' | 'cancelled', sinceMs: number): void;
  /** Runs before each bind; may wait or throw. */
  beforeBind: (exchange: string, pattern: string) => Promise<void>;
  /** Runs before each message of the feed, in their order; may wait. */
  beforeMessage: (() => Promise<void>) | undefined;
  /** A broker of another service of the same system. */
  join(service: string): Broker;
  connect(options?: WsConnectOptions): Promise<WsClient>;
  /** With a token of the account already in place. */
  connectAs(accountId: string, options?: WsConnectOptions): Promise<WsClient>;
  publish(draft: EventDraft): Promise<void>;
  /** As somebody who knows nothing of ours. */
  publishForeign(exchange: string, routingKey: string, body: unknown, messageId?: string): Promise<void>;
  metric(name: string): Promise<string[]>;
  stop(): Promise<void>;
}

export async function startBlackhole(
  overrides: SettingsOverrides = {},
  connectBroker: (service: string) => Broker = embedded(),
): Promise<TestBlackhole> {
  const settings = loadSettings(
    {},
    { wsPort: 0, wsUnbindDebounceMs: 10, wsDrainWindowMs: 200, wsRateCapacity: 100_000, ...overrides },
  );
  const directory = new FakeDirectory();
  directory.addAccount(ROOT);
  directory.addAccount(RESELLER, [ROOT]);
  directory.addAccount(CUSTOMER, [ROOT, RESELLER]);
  directory.addAccount(SIBLING, [ROOT, RESELLER]);

  const broker = connectBroker('blackhole');
  const peer = connectBroker('tester');
  let feed: Feed | undefined;
  let handlers: FeedHandlers | undefined;
  const hooks: Pick<TestBlackhole, 'beforeBind' | 'beforeMessage'> = {
    beforeBind: () => Promise.resolve(),
    beforeMessage: undefined,
  };
  let behind: Promise<void> | undefined;
  const openFeed = broker.openFeed.bind(broker);
  broker.openFeed = async (options: FeedOptions, given: FeedHandlers): Promise<Feed> => {
    handlers = given;
    const onMessage = (message: WireMessage): void => {
      if (behind === undefined && hooks.beforeMessage === undefined) return given.onMessage(message);
      const last = (behind ?? Promise.resolve())
        .then(() => hooks.beforeMessage?.())
        .then(() => given.onMessage(message))
        .finally(() => {
          if (behind === last) behind = undefined;
        });
      behind = last;
    };
    const opened = await openFeed(options, { ...given, onMessage });
    const bind = opened.bind.bind(opened);
    opened.bind = async (exchange, pattern) => {
      await hooks.beforeBind(exchange, pattern);
      await bind(exchange, pattern);
    };
    return (feed = opened);
  };

  const blackhole = buildBlackhole(settings, {
    brokerFactory: () => broker,
    directory,
    logger: silentLogger,
  });
  await peer.start();
  for (const component of blackhole.components) await component.start();
  const stop = async (): Promise<void> => {
    forget();
    blackhole.beginDrain();
    for (const component of [...blackhole.components].reverse()) await component.stop();
    await peer.stop();
  };
  const forget = onTeardown(stop);
  const url = `ws://127.0.0.1:${blackhole.port}/`;

  return Object.assign(hooks, {
    blackhole,
    broker,
    peer,
    directory,
    url,
    token: directory.tokenFor(CUSTOMER),
    join: connectBroker,
    bindings: () => (feed?.bindings ?? []).map(({ exchange, pattern }) => `${exchange} ${pattern}`).sort(),
    handlers: () => handlers!,
    gap: (reason: 'reconnect' | 'overflow' | 'cancelled', sinceMs: number) =>
      handlers?.onGap({ reason, sinceMs }),
    connect: (options?: WsConnectOptions) => WsClient.connect(url, options),
    connectAs: (accountId: string, options?: WsConnectOptions) =>
      WsClient.connect(url, {
        token: directory.tokenFor(accountId, { isSuperAdmin: accountId === ROOT }),
        ...options,
      }),
    publish: async (draft: EventDraft) => {
      await peer.publish(encodeEvent(draft));
    },
    publishForeign: async (exchange: string, routingKey: string, body: unknown, messageId?: string) => {
      const bytes = Buffer.isBuffer(body) ? body : Buffer.from(JSON.stringify(body));
      await peer.publish({
        exchange,
        routingKey,
        body: bytes,
        ...(messageId === undefined ? {} : { messageId }),
      });
    },
    metric: async (name: string) =>
      (await blackhole.metrics.metrics()).split('\n').filter((line) => line.startsWith(name)),
    stop,
  });
}

/** A broker of its own for each system under test. */
function embedded(): (service: string) => Broker {
  const hub = createEmbeddedHub();
  return (service) => hub.connect({ service });
}

/** The draft of a new call of an account. */
export function callCreated(accountId: string | undefined, callId: string): EventDraft {
  return {
    family: 'call',
    routingKey: `call.CHANNEL_CREATE.${callId}`,
    name: 'CHANNEL_CREATE',
    accountId,
    body: {
      call_id: callId,
      event_name: 'CHANNEL_CREATE',
      ...(accountId === undefined ? {} : { custom_channel_vars: { account_id: accountId } }),
    },
  };
}
