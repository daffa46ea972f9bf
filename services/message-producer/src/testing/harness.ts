import { createEmbeddedHub, type Broker } from '@ringdown/broker';
import type { Operation, WireMessage } from '@ringdown/contracts';
import { newId, silentLogger, type Clock, type Logger } from '@ringdown/core';
import type { Database } from '@ringdown/database';
import type { ServiceModule } from '@ringdown/runtime';
import { onTeardown, waitUntil } from '@ringdown/testing';
import type { MessageProducerSettings } from '../config';
import { buildMessageProducer } from '../message-producer';
import type { Callback } from '../ports';

/** An event as a subscriber sees it. */
export interface SeenEvent {
  readonly routingKey: string;
  readonly name: string;
  readonly messageId: string | undefined;
  readonly accountId: string | undefined;
  readonly text: string;
  /** Without what every event has. */
  readonly payload: Readonly<Record<string, unknown>>;
}

export interface HarnessOptions {
  readonly clock?: Clock;
  readonly logger?: Logger;
  readonly settings?: Partial<MessageProducerSettings>;
  readonly callback?: Callback;
  /** Components that are not started. */
  readonly without?: readonly string[];
}

/** A running message-producer with a client beside it and an ear on its exchange. */
export class Harness {
  private constructor(
    readonly service: ServiceModule,
    readonly client: Broker,
    readonly events: readonly SeenEvent[],
  ) {}

  /** Builds without starting, for specs about the start itself. */
  static async build(
    database: Database,
    options: HarnessOptions = {},
  ): Promise<{ readonly service: ServiceModule; start(): Promise<Harness> }> {
    const hub = createEmbeddedHub();
    const service = await buildMessageProducer(
      { ...testSettings, ...options.settings },
      {
        brokerFactory: (name) => hub.connect({ service: name, logger: silentLogger }),
        logger: options.logger ?? silentLogger,
        database,
        ...(options.clock === undefined ? {} : { clock: options.clock }),
        ...(options.callback === undefined ? {} : { callback: options.callback }),
      },
    );
    // A failing spec must not leave loops behind; stopping twice is harmless.
    onTeardown(async () => {
      await stopService(service);
      await database.close();
    });
    const start = async (): Promise<Harness> => {
      const client = hub.connect({ service: 'spec', logger: silentLogger });
      await client.start();
      const events: SeenEvent[] = [];
      const feed = await client.openFeed(
        { name: 'ear', maxLength: 100_000 },
        { onMessage: (message) => events.push(seen(message)), onGap: () => undefined },
      );
      await feed.bind('messaging', '#');
      for (const part of service.components) {
        if (!options.without?.includes(part.name)) await part.start();
      }
      return new Harness(service, client, events);
    };
    return { service, start };
  }

  static async start(...build: Parameters<typeof Harness.build>): Promise<Harness> {
    return (await Harness.build(...build)).start();
  }

  ask<Request, Response>(
    operation: Operation<Request, Response>,
    request: Request,
    requestId: string = newId(),
  ): Promise<Response> {
    return this.client.request(operation, request, { requestId, timeoutMs: 20_000 });
  }

  /** The events about a conversation or channel, in their order, once there are `count`. */
  async eventsOf(id: string, count: number): Promise<SeenEvent[]> {
    return waitUntil(
      () => {
        const found = this.about(id);
        return found.length >= count && found;
      },
      { what: () => `${count} events of ${id}, there are ${JSON.stringify(this.about(id))}` },
    );
  }

  about(id: string): SeenEvent[] {
    return this.events.filter(({ routingKey }) => routingKey.endsWith(`.${id}`));
  }

  async stop(): Promise<void> {
    await stopService(this.service);
    await this.client.stop();
  }
}

async function stopService(service: ServiceModule): Promise<void> {
  service.beginDrain();
  for (const part of [...service.components].reverse()) await part.stop();
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

function seen(message: WireMessage): SeenEvent {
  const text = message.body.toString('utf8');
  const body = JSON.parse(text) as Record<string, unknown>;
  return {
    routingKey: message.routingKey,
    name: String(body['event_name']),
    messageId: message.messageId,
    accountId: message.headers['account_id'],
    text,
    payload: Object.fromEntries(Object.entries(body).filter(([name]) => !COMMON.includes(name))),
  };
}
