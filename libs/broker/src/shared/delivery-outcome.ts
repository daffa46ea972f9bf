import { isAppError } from '@ringdown/core';

/** What becomes of a work queue's message after its handler. */
export type Outcome = 'ack' | 'retry' | 'dead';

/**
 * `failure` is what the handler threw; `deliveries` counts this one. A rule that was broken stays broken, so a
 * non-retryable AppError is dead-lettered at once; anything else, known or not, is tried again up to the limit.
 */
export function outcomeOfFailure(failure: unknown, deliveries: number, deliveryLimit: number): Outcome {
  if (isAppError(failure) && !failure.retryable) return 'dead';
  return deliveries >= deliveryLimit ? 'dead' : 'retry';
}

/** The pause before a message goes back to its queue: long enough not to spin, short enough not to stall the queue. */
export function retryDelayMs(deliveries: number): number {
  return Math.min(5_000, 25 * 2 ** Math.min(deliveries, 10));
}

export const DEFAULT_PREFETCH = 10;
export const DEFAULT_DELIVERY_LIMIT = 5;
export const DEFAULT_FEED_PREFETCH = 500;
export const DEFAULT_LOG_PREFETCH = 500;
