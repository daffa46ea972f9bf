import { RecentSet } from './recent-set';

describe('a recent set', () => {
  it('tells the first sight of a value from a repeat', () => {
    const seen = new RecentSet(10);

    expect(seen.add('a')).toBe(true);
    expect(seen.add('a')).toBe(false);
  });

  it('remembers at least its capacity and never more than twice that', () => {
    const seen = new RecentSet(100);

    for (let i = 0; i < 1_000; i += 1) seen.add(`v${i}`);

    for (let i = 900; i < 1_000; i += 1) expect(seen.has(`v${i}`)).toBe(true);
    expect(seen.has('v700')).toBe(false);
    expect(seen.size).toBeLessThanOrEqual(200);
  });

  it('keeps a value that is seen again and again', () => {
    const seen = new RecentSet(10);

    for (let i = 0; i < 500; i += 1) {
      seen.add(`v${i}`);
      expect(seen.add('steady')).toBe(i === 0);
    }
  });
});
