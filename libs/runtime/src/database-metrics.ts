import { withDeadline } from '@ringdown/core';
import { Counter, Gauge, type Registry } from 'prom-client';

const SCRAPE_TIMEOUT_MS = 1_000;

interface OutboxStats {
  readonly depth: number;
  readonly lagMs: number;
}

/** What is looked at of a service's database and of its outbox. */
export interface ObservedDatabase {
  readonly service: string;
  readonly database: {
    load(): {
      readonly open: number;
      readonly inUse: number;
      readonly waiting: number;
      readonly failures: number;
    };
  };
  readonly outbox: {
    stats(): Promise<OutboxStats>;
    readonly active: boolean;
  };
}

/**
 * Connections of a service to the database, and the outbox. Depth and lag are of the whole outbox: every replica of every
 * service that shares it shows the same. `active` is 1 on the one that drains it.
 */
export function observeDatabase(registry: Registry, { service, database, outbox }: ObservedDatabase): void {
  const registers = [registry];
  const labelNames = ['service'] as const;
  const gauge = (name: string, help: string, read: () => number): void => {
    new Gauge({
      name: `ringdown_${name}`,
      help,
      labelNames,
      registers,
      collect() {
        this.set({ service }, read());
      },
    });
  };
  gauge('database_connections', 'Open connections of the pool', () => database.load().open);
  gauge('database_connections_in_use', 'Connections that work for somebody', () => database.load().inUse);
  gauge('database_waiting', 'Queries that wait for a connection', () => database.load().waiting);
  new Counter({
    name: 'ringdown_database_failures_total',
    help: 'Queries and connections that failed because the database was not available',
    labelNames,
    registers,
    collect() {
      this.reset();
      this.inc({ service }, database.load().failures);
    },
  });
  // One query serves both gauges of a scrape; with the database away the last values stay.
  let asking: Promise<OutboxStats | undefined> | undefined;
  const stats = (): Promise<OutboxStats | undefined> =>
    (asking ??= withDeadline(outbox.stats(), SCRAPE_TIMEOUT_MS, 'outbox statistics')
      .catch(() => undefined)
      .finally(() => (asking = undefined)));
  const outboxGauge = (name: string, help: string, read: (stats: OutboxStats) => number): void => {
    new Gauge({
      name: `ringdown_outbox_${name}`,
      help,
      labelNames,
      registers,
      async collect() {
        const current = await stats();
        if (current) this.set({ service }, read(current));
      },
    });
  };
  outboxGauge('depth', 'Messages that wait in the outbox', ({ depth }) => depth);
  outboxGauge(
    'lag_seconds',
    'Age of the oldest message that waits in the outbox',
    ({ lagMs }) => lagMs / 1000,
  );
  gauge('outbox_active', '1 on the instance that publishes the outbox', () => Number(outbox.active));
}
