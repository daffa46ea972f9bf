import { backoffMs } from './backoff';

describe('a backoff', () => {
  const options = { initialMs: 100, maxMs: 1_000 };

  it('doubles up to its cap', () => {
    const ceilings = [0, 1, 2, 3, 4, 50].map((attempt) => backoffMs(attempt, options, () => 1));

    expect(ceilings).toEqual([100, 200, 400, 800, 1_000, 1_000]);
  });

  it('is spread over the upper half by chance', () => {
    expect(backoffMs(2, options, () => 0)).toBe(200);
    expect(backoffMs(2, options, () => 0.5)).toBe(300);
  });
});
