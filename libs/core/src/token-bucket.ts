import { type Clock, systemClock } from './clock';

/** Settings of a {@link TokenBucket}. */
export interface TokenBucketOptions {
  /** The most tokens it can hold, and what it starts with. */
  readonly capacity: number;
  readonly refillPerSecond: number;
}

/** A rate limit: each `take` costs a token, tokens come back at a steady rate. */
export class TokenBucket {
  private tokens: number;
  private updatedMs: number;

  constructor(
    private readonly options: TokenBucketOptions,
    private readonly clock: Clock = systemClock,
  ) {
    this.tokens = options.capacity;
    this.updatedMs = clock();
  }

  /** Takes `cost` tokens if they are there; false leaves the bucket as it was. */
  take(cost = 1): boolean {
    this.refill();
    if (this.tokens < cost) return false;
    this.tokens -= cost;
    return true;
  }

  get remaining(): number {
    this.refill();
    return Math.floor(this.tokens);
  }

  /** Milliseconds until `cost` tokens are there. */
  waitMs(cost = 1): number {
    this.refill();
    return this.tokens >= cost ? 0 : Math.ceil(((cost - this.tokens) / this.options.refillPerSecond) * 1000);
  }

  private refill(): void {
    const now = this.clock();
    const elapsedS = Math.max(0, now - this.updatedMs) / 1000;
    this.tokens = Math.min(this.options.capacity, this.tokens + elapsedS * this.options.refillPerSecond);
    this.updatedMs = now;
  }
}
