import { RateLimiter } from './rate-limiter';

describe('RateLimiter', () => {
  it('refuses above the capacity and says in how many seconds to come back', () => {
    let now = 0;
    const limiter = new RateLimiter({ capacity: 2, refillPerSecond: 0.5 }, () => now);
    limiter.charge('a', 2);

    expect(() => limiter.charge('a', 1)).toThrow(
      expect.objectContaining({ code: 'rate_limited', details: { retry_after_s: 2 } }) as Error,
    );

    now = 2_000;
    expect(() => limiter.charge('a', 1)).not.toThrow();
  });

  it('keeps callers apart', () => {
    const limiter = new RateLimiter({ capacity: 1, refillPerSecond: 1 }, () => 0);
    limiter.charge('a', 1);

    expect(() => limiter.charge('b', 1)).not.toThrow();
  });

  it('lets what costs more than a full bucket through when the bucket is full', () => {
    const limiter = new RateLimiter({ capacity: 1, refillPerSecond: 1 }, () => 0);

    expect(() => limiter.charge('a', 5)).not.toThrow();
    expect(() => limiter.charge('a', 5)).toThrow('too many requests');
  });

  it('forgets the longest unused of too many callers, not the busy ones', () => {
    const limiter = new RateLimiter({ capacity: 1, refillPerSecond: 1 }, () => 0, 3);
    limiter.charge('busy', 1);
    for (const key of ['a', 'b', 'c', 'd', 'e']) {
      limiter.charge(key, 1);
      expect(() => limiter.charge('busy', 1)).toThrow();
    }

    expect(limiter.size).toBe(3);
  });
});
