import { createEmbeddedHub, type Broker } from '@ringdown/broker';
import { silentLogger, type Clock, type Logger } from '@ringdown/core';
import type { Database } from '@ringdown/database';
import type { ServiceModule } from '@ringdown/runtime';
import { ServiceHarness, type SeenEvent } from '@ringdown/testing';
import type { MessageProducerSettings } from '../config';
import { buildMessageProducer } from '../message-producer';
import type { AccountState, Callback } from '../ports';

export interface SeenMessagingEvent extends SeenEvent {
  /** The body without what every event has. */
  readonly payload: Readonly<Record<string, unknown>>;
}

export interface HarnessOptions {
  readonly clock?: Clock;
  readonly logger?: Logger;
  readonly settings?: Partial<MessageProducerSettings>;
  readonly callback?: Callback;
  /** What becomes of an account; may throw. Default: all are enabled. */
  readonly accountState?: (accountId: string) => AccountState;
  /** Components that are not started. */
  readonly without?: readonly string[];
}

/** A running message-producer. */
export class Harness extends ServiceHarness<ServiceModule, Broker> {
  /** Builds without starting, for specs about the start itself. */
  static async build(database: Database, options: HarnessOptions = {}): Promise<Harness> {
    const hub = createEmbeddedHub();
    const brokerOf = (service: string): Broker => hub.connect({ service, logger: silentLogger });
    const service = await buildMessageProducer(
      { ...testSettings, ...options.settings },
      {
        brokerFactory: brokerOf,
        logger: options.logger ?? silentLogger,
        database,
        accounts: { stateOf: async (accountId) => options.accountState?.(accountId) ?? 'enabled' },
        ...(options.clock === undefined ? {} : { clock: options.clock }),
        ...(options.callback === undefined ? {} : { callback: options.callback }),
      },
    );
    const { without } = options;
    return new Harness({ service, client: brokerOf('spec'), database, exchanges: ['messaging'], without });
  }

  static async start(...build: Parameters<typeof Harness.build>): Promise<Harness> {
    return (await Harness.build(...build)).start();
  }

  /** The events about a conversation or channel, in their order, once there are `count`. */
  async eventsOf(id: string, count: number): Promise<SeenMessagingEvent[]> {
    return (await this.eventsWhere(isAbout(id), count)).map(withPayload);
  }

  about(id: string): SeenMessagingEvent[] {
    return this.events.filter(isAbout(id)).map(withPayload);
  }

  /** The same, as they are for a reader who drops repeats. */
  firstSeenAbout(id: string): SeenMessagingEvent[] {
    return this.firstSeen(isAbout(id)).map(withPayload);
  }
}

export const testSettings: MessageProducerSettings = {
  databaseUrl: undefined,
  dataDir: '.data',
  messagingCallbackPrivateAddresses: true,
  messagingDeliveryAttempts: 3,
  messagingDeliveryConcurrency: 16,
  messagingDeliveryRetryMs: 5,
  messagingDeliveryTimeoutMs: 5_000,
  messagingSimulator: false,
  messagingVisitorTtlS: 3600,
  simulatorSeed: 1,
};

const COMMON = ['event_category', 'event_name', 'app_name', 'app_version', 'msg_id', 'account_id'];

function isAbout(id: string): (event: SeenEvent) => boolean {
  return ({ routingKey }) => routingKey.endsWith(`.${id}`);
}

function withPayload(event: SeenEvent): SeenMessagingEvent {
  const payload = Object.fromEntries(Object.entries(event.body).filter(([name]) => !COMMON.includes(name)));
  return { ...event, payload };
}
