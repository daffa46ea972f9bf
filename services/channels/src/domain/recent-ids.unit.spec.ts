import { RecentIds, WINDOW_MS } from './recent-ids';

describe('recently folded events', () => {
  it('are known for the window at least, and then forgotten', () => {
    const recent = new RecentIds();
    recent.add('a', 'm1', 0);
    recent.add('a', 'm2', WINDOW_MS - 1);
    expect(recent.of('a', WINDOW_MS)).toEqual({ messageIds: ['m1', 'm2'], windowMs: WINDOW_MS });

    recent.add('a', 'm3', WINDOW_MS);
    recent.add('a', 'm4', 2 * WINDOW_MS);
    expect(recent.of('a', 2 * WINDOW_MS)).toEqual({ messageIds: ['m3', 'm4'], windowMs: WINDOW_MS });
  });

  it('are told apart by account, and all together', () => {
    const recent = new RecentIds();
    recent.add('a', 'm1', 0);
    recent.add('b', 'm2', 0);

    expect(recent.of('a', 1).messageIds).toEqual(['m1']);
    expect(recent.of('*', 1).messageIds).toEqual(['m1', 'm2']);
    expect(recent.of('c', 1)).toEqual({ messageIds: [], windowMs: WINDOW_MS });
  });

  it('reach back less far when there are too many, and say so', () => {
    const recent = new RecentIds();
    for (let ms = 0; ms < 25_000; ms += 1) for (let n = 0; n < 4; n += 1) recent.add('a', `${ms}-${n}`, ms);

    const { messageIds, windowMs } = recent.of('a', 25_000);
    const known = new Set(messageIds);
    expect(messageIds.length).toBeLessThanOrEqual(40_000);
    expect(windowMs).toBeLessThan(WINDOW_MS);
    for (let ms = 25_000 - windowMs; ms < 25_000; ms += 1) {
      if (!known.has(`${ms}-0`)) throw new Error(`the event of ${ms} ms is missing`);
    }
  });

  it('of accounts that have become quiet are let go', () => {
    const recent = new RecentIds();
    recent.add('a', 'm1', 0);
    recent.sweep(WINDOW_MS - 1);
    expect(recent.of('a', WINDOW_MS - 1).messageIds).toEqual(['m1']);

    recent.sweep(WINDOW_MS);
    recent.sweep(2 * WINDOW_MS);
    recent.sweep(3 * WINDOW_MS);
    expect(recent.of('a', 3 * WINDOW_MS)).toEqual({ messageIds: [], windowMs: WINDOW_MS });
  });
});
