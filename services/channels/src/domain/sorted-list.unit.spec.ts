import fc from 'fast-check';
import { SortedList } from './sorted-list';

const ascending = (a: number, b: number) => a - b;

describe('a sorted list', () => {
  it('holds what was added and not deleted, in order', () => {
    const change = fc.record({ add: fc.boolean(), item: fc.integer({ min: 0, max: 3_000 }) });
    fc.assert(
      fc.property(fc.array(change, { maxLength: 3_000, size: 'max' }), fc.nat(3_000), (changes, after) => {
        const list = new SortedList(ascending);
        const model = new Set<number>();
        for (const { add, item } of changes) {
          if (!add) expect(list.delete(item)).toBe(model.delete(item));
          else if (!model.has(item)) {
            model.add(item);
            list.add(item);
          }
        }

        const expected = [...model].sort(ascending);
        expect([...list]).toEqual(expected);
        expect(list.size).toBe(expected.length);
        expect([...list.from((item) => item > after)]).toEqual(expected.filter((item) => item > after));
      }),
      { numRuns: 5 },
    );
  });

  it('holds many, whether they come in order or against it', () => {
    const up = Array.from({ length: 10_000 }, (_, n) => n);
    for (const items of [up, [...up].reverse()]) {
      const list = new SortedList(ascending);
      for (const item of items) list.add(item);
      expect([...list]).toEqual(up);
      for (const item of items) expect(list.delete(item)).toBe(true);
      expect([...list]).toEqual([]);
    }
  });
});
