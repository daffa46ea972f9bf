import type { OperationHandler } from '@ringdown/broker';
import { isAppError, withDeadline } from '@ringdown/core';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { AttemptResult } from '../deliveries/attempt';

const SCRAPE_TIMEOUT_MS = 1_000;

/** What this service counts. */
export interface MessageProducerMetrics {
  readonly registry: Registry;
  /** The same handler, counted by operation and outcome. */
  counted(handler: OperationHandler): OperationHandler;
  attempted(result: AttemptResult['kind'], seconds: number): void;
}

/** `waiting` is over all replicas. Depth and lag of the outbox, which is shared, are told by object-producer. */
export function createPromMetrics(facts: {
  waiting(): Promise<number>;
  drains(): boolean;
}): MessageProducerMetrics {
  const registry = new Registry();
  const registers = [registry];
  const requests = new Counter({
    name: 'ringdown_message_producer_requests_total',
    help: 'Requests by operation and outcome (ok or an error code)',
    labelNames: ['operation', 'outcome'],
    registers,
  });
  const seconds = new Histogram({
    name: 'ringdown_message_producer_request_seconds',
    help: 'Time to answer a request',
    labelNames: ['operation'],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5],
    registers,
  });
  const attempts = new Counter({
    name: 'ringdown_message_producer_delivery_attempts_total',
    help: 'Attempts to deliver a message by result (delivered, failed for good, retry, lost to another worker)',
    labelNames: ['result'],
    registers,
  });
  const attemptSeconds = new Histogram({
    name: 'ringdown_message_producer_delivery_seconds',
    help: 'Time an attempt to deliver took',
    buckets: [0.005, 0.025, 0.1, 0.5, 1, 2.5, 5, 10, 30],
    registers,
  });
  new Gauge({
    name: 'ringdown_message_producer_deliveries_waiting',
    help: 'Messages that are neither delivered nor failed yet',
    registers,
    // With the database away the last value stays.
    async collect() {
      const waiting = await withDeadline(facts.waiting(), SCRAPE_TIMEOUT_MS, 'waiting deliveries').catch(
        () => undefined,
      );
      if (waiting !== undefined) this.set(waiting);
    },
  });
  new Gauge({
    name: 'ringdown_message_producer_outbox_active',
    help: '1 when this instance publishes the outbox',
    registers,
    collect() {
      this.set(facts.drains() ? 1 : 0);
    },
  });

  return {
    registry,
    attempted: (result, took) => {
      attempts.inc({ result });
      attemptSeconds.observe(took);
    },
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
