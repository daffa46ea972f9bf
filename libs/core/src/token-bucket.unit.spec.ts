import { TokenBucket } from './token-bucket';

describe('a token bucket', () => {
  it('allows a burst of its capacity, then the refill rate', () => {
    let now = 0;
    const bucket = new TokenBucket({ capacity: 3, refillPerSecond: 2 }, () => now);

    expect([bucket.take(), bucket.take(), bucket.take(), bucket.take()]).toEqual([true, true, true, false]);
    expect(bucket.waitMs()).toBe(500);
    now = 500;
    expect([bucket.take(), bucket.take()]).toEqual([true, false]);
  });

  it('never holds more than its capacity', () => {
    let now = 0;
    const bucket = new TokenBucket({ capacity: 3, refillPerSecond: 2 }, () => now);

    now = 1_000_000;

    expect(bucket.remaining).toBe(3);
  });

  it('does not pay out when the clock steps back', () => {
    let now = 10_000;
    const bucket = new TokenBucket({ capacity: 1, refillPerSecond: 1 }, () => now);
    bucket.take();

    now = 0;

    expect(bucket.take()).toBe(false);
  });
});
