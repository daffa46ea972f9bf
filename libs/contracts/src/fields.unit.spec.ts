import fc from 'fast-check';
import { families } from './families/families';
import { flag, list, numeric, record, shapeOf, text } from './fields';

const fields = {
  name: text('A text.'),
  count: numeric('A number.'),
  open: flag('A flag.'),
  items: list('A list.'),
  vars: record('An object.', { account_id: text('A text.') }),
};
const shape = shapeOf(fields);

describe('a shape', () => {
  it('takes every known field in its type and anything in unknown ones', () => {
    const body = {
      name: '',
      count: '42',
      open: 'true',
      items: [1, undefined],
      vars: { account_id: 'a', other: [{}] },
      other: { deep: [1] },
    };

    expect(shape.problems(body)).toEqual([]);
    expect(shape.problems({ count: 42, open: false })).toEqual([]);
  });

  it('takes null for missing, also inside a known object', () => {
    expect(shape.problems({ name: null, vars: { account_id: null } })).toEqual([]);
  });

  it.each([
    [{ name: 1 }, 'name'],
    [{ name: ['x'] }, 'name'],
    [{ count: true }, 'count'],
    [{ count: Number.POSITIVE_INFINITY }, 'count'],
    [{ open: 1 }, 'open'],
    [{ items: {} }, 'items'],
    [{ vars: [] }, 'vars'],
    [{ vars: 'x' }, 'vars'],
    [{ vars: { account_id: 7 } }, 'vars.account_id'],
  ])('names the fault in %j', (body, field) => {
    expect(shape.problems(body).map((problem) => problem.field)).toEqual([field]);
  });

  it('names every faulty field at once', () => {
    const problems = shape.problems({ name: 1, count: [], vars: { account_id: 7 } });

    expect(problems.map(({ field }) => field).sort()).toEqual(['count', 'name', 'vars.account_id']);
    expect(problems[0]).toEqual({ field: 'name', message: '"name" must be a string' });
  });

  it('is not fooled by members that every object inherits', () => {
    expect(shape.problems({ constructor: 1, toString: 2, hasOwnProperty: 3 })).toEqual([]);
    expect(shapeOf({ constructor: text('Odd.') }).problems({})).toEqual([]);
  });
});

describe('the fast check of a field', () => {
  const shapes = [...new Set(families.flatMap(({ catalogue }) => catalogue.map((entry) => entry.shape)))];
  const value = fc.oneof(fc.jsonValue(), fc.double(), fc.constant({ account_id: 7 }), fc.constant([null]));

  it('agrees with the schema about any value of any field', () => {
    const cases = [shape, ...shapes].flatMap((each) =>
      Object.keys(each.fields).map((name) => ({ each, name })),
    );
    fc.assert(
      fc.property(fc.constantFrom(...cases), value, ({ each, name }, member) => {
        const body = { [name]: member };
        expect(each.problems(body).length > 0).toBe(each.schema.validate(body).error !== undefined);
      }),
      { numRuns: 3000 },
    );
  });
});
