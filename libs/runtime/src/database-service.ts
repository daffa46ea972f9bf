import type { Broker, OutgoingMessage, PublishResult } from '@ringdown/broker';
import { memoised, type Lifecycle } from '@ringdown/core';
import type { Registry } from 'prom-client';
import { ReadinessProbe } from './readiness-probe';
import { component, type Component, type ServiceModule } from './service-module';

export interface DatabaseServiceParts {
  readonly name: string;
  /** Knows whether the database answers. */
  readonly health: Lifecycle & { readonly state: string };
  /** Undefined when the database is somebody else's to close. */
  readonly closeDatabase: (() => Promise<void>) | undefined;
  /** Starting it waits for the database. */
  readonly schema: Lifecycle & { readonly ready: boolean };
  readonly broker: Lifecycle & Pick<Broker, 'status'>;
  /** What needs tables and broker, in start order. */
  readonly components: readonly Component[];
  readonly metrics: Registry;
}

/** A service whose state is in a database and whose life begins with its tables. */
export function databaseService(parts: DatabaseServiceParts): ServiceModule {
  const { name, health, closeDatabase, schema, broker, metrics } = parts;
  const readiness = new ReadinessProbe(broker, health, schema);
  const stopDatabase = memoised(async () => {
    await health.stop();
    await closeDatabase?.();
  });
  return {
    name,
    components: [
      { name: 'database', start: () => health.start(), stop: stopDatabase },
      component('schema', schema),
      component('broker', broker),
      ...parts.components,
    ],
    readiness: () => readiness.check(),
    beginDrain: () => {
      readiness.beginDrain();
      // Ends waiting for a database that does not come.
      if (!schema.ready) void schema.stop();
    },
    metrics,
  };
}

/** How an outbox reaches the broker; leaves the work to another process while this one's connection does not stand. */
export function outboxPublisher(broker: Pick<Broker, 'publish' | 'status'>): {
  publish(message: OutgoingMessage): Promise<PublishResult>;
  ready(): boolean;
} {
  return {
    publish: (message) => broker.publish(message),
    ready: () => broker.status().state === 'ready',
  };
}
