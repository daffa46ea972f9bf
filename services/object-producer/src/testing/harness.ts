import { createEmbeddedHub, type Broker } from '@ringdown/broker';
import type { Actor, ControlMessages } from '@ringdown/contracts';
import { silentLogger, type Clock } from '@ringdown/core';
import type { Database } from '@ringdown/database';
import { ServiceHarness, type SeenEvent } from '@ringdown/testing';
import type { ObjectProducerSettings } from '../config';
import { buildObjectProducer, type ObjectProducer } from '../object-producer';

export const AUTH_SECRETS = [{ kid: 'test', secret: 'a secret of at least thirty-two characters' }];

export const ROOT = {
  accountName: 'Root Account',
  username: 'admin',
  password: 'correct horse battery',
  email: 'admin@root.example',
} as const;

/** A running object-producer, and what it told all processes about access. */
export class Harness extends ServiceHarness<ObjectProducer, Broker> {
  readonly changes: ControlMessages['principal_changed'][] = [];
  readonly revoked: ControlMessages['token_revoked'][] = [];

  /** Builds without starting, for specs about the start itself. */
  static async build(
    database: Database,
    options: { clock?: Clock; settings?: Partial<ObjectProducerSettings> } = {},
  ): Promise<Harness> {
    const hub = createEmbeddedHub();
    const brokerOf = (service: string): Broker => hub.connect({ service, logger: silentLogger });
    const service = await buildObjectProducer(
      { ...testSettings, ...options.settings },
      {
        brokerFactory: brokerOf,
        logger: silentLogger,
        database,
        ...(options.clock === undefined ? {} : { clock: options.clock }),
      },
    );
    return new Harness({ service, client: brokerOf('spec'), database, exchanges: ['object', 'fax'] });
  }

  static async start(...build: Parameters<typeof Harness.build>): Promise<Harness> {
    return (await Harness.build(...build)).start();
  }

  override async start(): Promise<this> {
    this.client.onControl('principal_changed', (body) => this.changes.push(body));
    this.client.onControl('token_revoked', (body) => this.revoked.push(body));
    return super.start();
  }

  /** Of the root account. */
  get accountId(): string {
    return this.service.root?.accountId ?? '';
  }

  get actor(): Actor {
    return { account_id: this.accountId };
  }

  /** The events of a document, once there are `count`. */
  eventsOf(id: string, count: number): Promise<SeenEvent[]> {
    return this.eventsWhere(({ body }) => body['id'] === id, count);
  }
}

const testSettings: ObjectProducerSettings = {
  databaseUrl: undefined,
  dataDir: '.data',
  authSecrets: AUTH_SECRETS,
  authTokenTtlS: 3600,
  authAttemptsPerMinute: 1000,
  bootstrap: ROOT,
};
