import type { OperationHandler } from '@ringdown/broker';
import { isAppError, withDeadline } from '@ringdown/core';
import type { OutboxStats } from '@ringdown/database';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';

const SCRAPE_TIMEOUT_MS = 1_000;

/** What this service counts. */
export interface ObjectProducerMetrics {
  readonly registry: Registry;
  /** The same handler, counted by operation and outcome. */
  counted(handler: OperationHandler): OperationHandler;
}

/** Depth and lag are of the whole outbox: every replica shows the same. `active` is 1 on the one that drains it. */
export function createPromMetrics(outbox: {
  stats(): Promise<OutboxStats>;
  readonly active: boolean;
}): ObjectProducerMetrics {
  const registry = new Registry();
  const registers = [registry];
  const requests = new Counter({
    name: 'ringdown_object_producer_requests_total',
    help: 'Requests by operation and outcome (ok or an error code)',
    labelNames: ['operation', 'outcome'],
    registers,
  });
  const seconds = new Histogram({
    name: 'ringdown_object_producer_request_seconds',
    help: 'Time to answer a request',
    labelNames: ['operation'],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5],
    registers,
  });
  const lag = new Gauge({
    name: 'ringdown_outbox_lag_seconds',
    help: 'Age of the oldest message that waits in the outbox',
    registers,
  });
  new Gauge({
    name: 'ringdown_outbox_depth',
    help: 'Messages that wait in the outbox',
    registers,
    // One query serves both gauges; with the database away the last values stay.
    async collect() {
      const stats = await withDeadline(outbox.stats(), SCRAPE_TIMEOUT_MS, 'outbox statistics').catch(
        () => undefined,
      );
      if (!stats) return;
      this.set(stats.depth);
      lag.set(stats.lagMs / 1000);
    },
  });
  new Gauge({
    name: 'ringdown_outbox_active',
    help: '1 on the instance that publishes the outbox',
    registers,
    collect() {
      this.set(outbox.active ? 1 : 0);
    },
  });

  return {
    registry,
    counted: ({ operation, run }) => ({
      operation,
      run: async (payload, context) => {
        const operationName = operation.name;
        const end = seconds.startTimer({ operation: operationName });
        try {
          const answer = await run(payload, context);
          requests.inc({ operation: operationName, outcome: 'ok' });
          return answer;
        } catch (error) {
          requests.inc({ operation: operationName, outcome: isAppError(error) ? error.code : 'internal' });
          throw error;
        } finally {
          end();
        }
      },
    }),
  };
}
