import { Random } from './random';

describe('Random', () => {
  it('repeats itself with the same seed, and only then', () => {
    const sequence = (seed: number): number[] => {
      const random = new Random(seed);
      return Array.from({ length: 20 }, () => random.next());
    };

    expect(sequence(1)).toEqual(sequence(1));
    expect(sequence(2)).not.toEqual(sequence(1));
  });

  it('stays within its bounds and reaches them', () => {
    const random = new Random(1);
    const numbers = Array.from({ length: 500 }, () => random.between(3, 5));

    expect([...new Set(numbers)].sort()).toEqual([3, 4, 5]);
    expect(new Set(Array.from({ length: 100 }, () => random.pick(['a', 'b'])))).toEqual(new Set(['a', 'b']));
    expect([random.chance(0), random.chance(1)]).toEqual([false, true]);
    expect(() => random.pick([])).toThrow('nothing to pick from');
  });
});
