import { AppError, systemClock, TokenBucket, type Clock, type TokenBucketOptions } from '@ringdown/core';

const DEFAULT_MAX_KEYS = 20_000;

/**
 * One token bucket per key, for the keys used last. Bounded: when there are too many, the longest unused bucket is
 * forgotten, which at worst gives its owner a full one.
 */
export class RateLimiter {
  private readonly buckets = new Map<string, TokenBucket>();

  constructor(
    private readonly limits: TokenBucketOptions,
    private readonly clock: Clock = systemClock,
    private readonly maxKeys: number = DEFAULT_MAX_KEYS,
  ) {}

  /** Takes `cost` tokens, never more than a full bucket. Error: `rate_limited`, saying when they are there. */
  charge(key: string, cost: number): void {
    const bucket = this.buckets.get(key) ?? new TokenBucket(this.limits, this.clock);
    this.buckets.delete(key);
    this.buckets.set(key, bucket);
    if (this.buckets.size > this.maxKeys) this.buckets.delete(this.buckets.keys().next().value!);
    const affordable = Math.min(cost, this.limits.capacity);
    if (bucket.take(affordable)) return;
    throw new AppError('rate_limited', 'too many requests, try again later', {
      details: { retry_after_s: bucket.waitMs(affordable) / 1000 },
    });
  }

  get size(): number {
    return this.buckets.size;
  }
}
