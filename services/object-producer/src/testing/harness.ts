import { createEmbeddedHub, type Broker } from '@ringdown/broker';
import { type Actor, type ControlMessages, type Operation, type WireMessage } from '@ringdown/contracts';
import { newId, silentLogger, type Clock } from '@ringdown/core';
import type { Database } from '@ringdown/database';
import { onTeardown, waitUntil } from '@ringdown/testing';
import { buildObjectProducer, type ObjectProducer } from '../object-producer';
import type { ObjectProducerSettings } from '../config';

export const AUTH_SECRETS = [{ kid: 'test', secret: 'a secret of at least thirty-two characters' }];

export const ROOT = {
  accountName: 'Root Account',
  username: 'admin',
  password: 'correct horse battery',
  email: 'admin@root.example',
} as const;

/** An event as a subscriber sees it. */
export interface SeenEvent {
  readonly exchange: string;
  readonly routingKey: string;
  readonly messageId: string | undefined;
  readonly text: string;
  readonly body: Readonly<Record<string, unknown>>;
}

/** A running object-producer with a client beside it and an ear on every exchange. */
export class Harness {
  readonly changes: ControlMessages['principal_changed'][] = [];
  readonly revoked: ControlMessages['token_revoked'][] = [];

  private constructor(
    readonly service: ObjectProducer,
    readonly client: Broker,
    readonly accountId: string,
    readonly events: readonly SeenEvent[],
  ) {}

  /** Builds without starting, for specs about the start itself. */
  static async build(
    database: Database,
    options: { clock?: Clock; settings?: Partial<ObjectProducerSettings> } = {},
  ): Promise<{ readonly service: ObjectProducer; start(): Promise<Harness> }> {
    const hub = createEmbeddedHub();
    const service = await buildObjectProducer(
      { ...testSettings, ...options.settings },
      {
        brokerFactory: (name) => hub.connect({ service: name, logger: silentLogger }),
        logger: silentLogger,
        database,
        ...(options.clock === undefined ? {} : { clock: options.clock }),
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
      for (const exchange of ['object', 'fax']) await feed.bind(exchange, '#');
      for (const part of service.components) await part.start();
      const harness = new Harness(service, client, service.root?.accountId ?? '', events);
      client.onControl('principal_changed', (body) => harness.changes.push(body));
      client.onControl('token_revoked', (body) => harness.revoked.push(body));
      return harness;
    };
    return { service, start };
  }

  static async start(...build: Parameters<typeof Harness.build>): Promise<Harness> {
    return (await Harness.build(...build)).start();
  }

  get actor(): Actor {
    return { account_id: this.accountId };
  }

  ask<Request, Response>(
    operation: Operation<Request, Response>,
    request: Request,
    requestId: string = newId(),
  ): Promise<Response> {
    return this.client.request(operation, request, { requestId, timeoutMs: 20_000 });
  }

  /** The events of a document, once there are `count`. */
  async eventsOf(id: string, count: number): Promise<SeenEvent[]> {
    return waitUntil(
      () => {
        const found = this.events.filter(({ body }) => body['id'] === id);
        return found.length >= count && found;
      },
      { what: () => `${count} events of ${id}, there are ${JSON.stringify(this.events.length)}` },
    );
  }

  async stop(): Promise<void> {
    await stopService(this.service);
    await this.client.stop();
  }
}

async function stopService(service: ObjectProducer): Promise<void> {
  service.beginDrain();
  for (const part of [...service.components].reverse()) await part.stop();
}

const testSettings: ObjectProducerSettings = {
  databaseUrl: undefined,
  dataDir: '.data',
  authSecrets: AUTH_SECRETS,
  authTokenTtlS: 3600,
  authAttemptsPerMinute: 1000,
  bootstrap: ROOT,
};

function seen(message: WireMessage): SeenEvent {
  const text = message.body.toString('utf8');
  return {
    exchange: message.exchange,
    routingKey: message.routingKey,
    messageId: message.messageId,
    text,
    body: JSON.parse(text) as Record<string, unknown>,
  };
}
