import { AppError, TokenBucket, type Clock } from '@ringdown/core';

interface Entry {
  readonly bucket: TokenBucket;
  /** Attempts whose outcome is not known yet; each may become a failure. */
  pending: number;
}

/**
 * What a client address counts as: an IPv6 client has a whole /64 to choose from, so its network counts; an IPv4 address
 * stands for itself, also in its IPv6 form.
 */
export function addressKey(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return `ip:${mapped}`;
  if (!address.includes(':')) return `ip:${address}`;
  const [head = '', tail] = address.toLowerCase().split('::');
  const groups = head.split(':').filter((group) => group !== '');
  const rest = tail === undefined ? [] : tail.split(':').filter((group) => group !== '');
  const missing = Math.max(0, 8 - groups.length - rest.length);
  const all = [...groups, ...Array.from({ length: tail === undefined ? 0 : missing }, () => '0'), ...rest];
  return `ip:${all
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ''))
    .join(':')}::/64`;
}

const MAX_ENTRIES = 20_000;

/**
 * Counts failed logins by key (an address, an account and user) and refuses further attempts for a while. Successes cost
 * nothing. Holds per instance; the map is bounded, the least recently used key is forgotten first.
 */
export class AttemptLimiter {
  private readonly entries = new Map<string, Entry>();

  constructor(
    private readonly failuresPerMinute: number,
    private readonly clock: Clock,
  ) {}

  /**
   * Runs an attempt that counts against every key. Errors: `rate_limited` when one of them has no failure left; else
   * whatever `run` throws, which counts as a failure exactly when it is `unauthorized` or `not_found`.
   */
  async attempt<T>(keys: readonly string[], run: () => Promise<T>): Promise<T> {
    const entries = keys.map((key) => this.entry(key));
    const full = entries.find(({ bucket, pending }) => bucket.remaining - pending < 1);
    if (full) {
      throw new AppError('rate_limited', 'too many failed logins, try again later', {
        details: { retry_after_s: Math.max(1, Math.ceil(full.bucket.waitMs() / 1000)) },
      });
    }
    for (const entry of entries) entry.pending += 1;
    try {
      return await run();
    } catch (error) {
      const { code } = error as { code?: unknown };
      if (code === 'unauthorized' || code === 'not_found') for (const { bucket } of entries) bucket.take();
      throw error;
    } finally {
      for (const entry of entries) entry.pending -= 1;
    }
  }

  get size(): number {
    return this.entries.size;
  }

  private entry(key: string): Entry {
    const entry = this.entries.get(key) ?? {
      bucket: new TokenBucket(
        { capacity: this.failuresPerMinute, refillPerSecond: this.failuresPerMinute / 60 },
        this.clock,
      ),
      pending: 0,
    };
    // A Map keeps the order of insertion: moving the key to the end makes the first one the least recently used.
    this.entries.delete(key);
    this.entries.set(key, entry);
    if (this.entries.size > MAX_ENTRIES) {
      const oldest = this.entries.keys().next();
      if (!oldest.done) this.entries.delete(oldest.value);
    }
    return entry;
  }
}
