import { withDeadline } from '@ringdown/core';
import { observeDatabase, type ObservedDatabase } from '@ringdown/runtime';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { AttemptResult } from '../deliveries/attempt';

const SCRAPE_TIMEOUT_MS = 1_000;

/** What this service counts. */
export interface MessageProducerMetrics {
  readonly registry: Registry;
  attempted(result: AttemptResult['kind'], seconds: number): void;
}

/** `waiting` is over all replicas. */
export function createPromMetrics(
  parts: Omit<ObservedDatabase, 'service'> & { waiting(): Promise<number> },
): MessageProducerMetrics {
  const registry = new Registry();
  observeDatabase(registry, { ...parts, service: 'message-producer' });
  const registers = [registry];
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
      const waiting = await withDeadline(parts.waiting(), SCRAPE_TIMEOUT_MS, 'waiting deliveries').catch(
        () => undefined,
      );
      if (waiting !== undefined) this.set(waiting);
    },
  });
  return {
    registry,
    attempted: (result, took) => {
      attempts.inc({ result });
      attemptSeconds.observe(took);
    },
  };
}
