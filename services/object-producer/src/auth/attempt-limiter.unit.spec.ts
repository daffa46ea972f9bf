import { AppError, deferred } from '@ringdown/core';
import { addressKey, AttemptLimiter } from './attempt-limiter';

const wrong = () => Promise.reject(new AppError('unauthorized', 'no'));
const right = () => Promise.resolve('in');

describe('the limit of login attempts', () => {
  let now = 0;
  const limiter = (perMinute = 3): AttemptLimiter => new AttemptLimiter(perMinute, () => now);

  it('refuses after so many failures, and lets in again one by one as time passes', async () => {
    const limit = limiter();
    for (let n = 0; n < 3; n += 1)
      await expect(limit.attempt(['a'], wrong)).rejects.toMatchObject({ code: 'unauthorized' });

    await expect(limit.attempt(['a'], right)).rejects.toMatchObject({
      code: 'rate_limited',
      details: { retry_after_s: 20 },
    });
    now += 20_000;
    await expect(limit.attempt(['a'], right)).resolves.toBe('in');
    await expect(limit.attempt(['a'], wrong)).rejects.toMatchObject({ code: 'unauthorized' });
    await expect(limit.attempt(['a'], wrong)).rejects.toMatchObject({ code: 'rate_limited' });
  });

  it('counts failures only, and not those that are no wrong guess', async () => {
    const limit = limiter(1);
    for (let n = 0; n < 20; n += 1) await limit.attempt(['a'], right);
    const locked = () => Promise.reject(new AppError('locked', 'no'));
    for (let n = 0; n < 5; n += 1)
      await expect(limit.attempt(['a'], locked)).rejects.toMatchObject({ code: 'locked' });
  });

  it('counts attempts under way, so that many at once are no way around it', async () => {
    const limit = limiter();
    const gate = deferred();
    const slow = () => gate.promise.then(wrong);
    const attempts = Array.from({ length: 10 }, () => limit.attempt(['a'], slow));
    gate.resolve();
    const outcomes = await Promise.allSettled(attempts);

    const codes = outcomes.map((outcome) => (outcome as PromiseRejectedResult).reason as AppError);
    expect(codes.filter(({ code }) => code === 'unauthorized')).toHaveLength(3);
    expect(codes.filter(({ code }) => code === 'rate_limited')).toHaveLength(7);
  });

  it('holds when any of several keys is used up, and for no other key', async () => {
    const limit = limiter(1);
    await expect(limit.attempt(['ip:1', 'user:a'], wrong)).rejects.toBeDefined();

    await expect(limit.attempt(['ip:2', 'user:a'], right)).rejects.toMatchObject({ code: 'rate_limited' });
    await expect(limit.attempt(['ip:1', 'user:b'], right)).rejects.toMatchObject({ code: 'rate_limited' });
    await expect(limit.attempt(['ip:2', 'user:b'], right)).resolves.toBe('in');
  });

  it('forgets the least recently used keys, so that its memory is bounded', async () => {
    const limit = limiter(1);
    for (let n = 0; n < 21_000; n += 1) await limit.attempt([`ip:${n}`], right);
    expect(limit.size).toBe(20_000);
  });
});

describe('the address an attempt counts for', () => {
  it.each([
    ['203.0.113.7', 'ip:203.0.113.7'],
    ['::ffff:203.0.113.7', 'ip:203.0.113.7'],
    ['2001:db8:0:1:aaaa::1', 'ip:2001:db8:0:1::/64'],
    ['2001:0DB8::1:2:3:4:5', 'ip:2001:db8:0:1::/64'],
    ['2001:db8::1', 'ip:2001:db8:0:0::/64'],
    ['::1', 'ip:0:0:0:0::/64'],
  ])('of %s is %s', (address, key) => expect(addressKey(address)).toBe(key));
});
