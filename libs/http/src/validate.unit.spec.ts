import Joi from 'joi';
import { fieldError, validate, validator } from './validate';

const schema = Joi.object({
  name: Joi.string().min(2).max(5).required(),
  age: Joi.number().integer().min(1),
  kind: Joi.string().valid('a', 'b'),
  tags: Joi.object({ 'x.y': Joi.boolean() }),
});

function faultsOf(value: unknown): unknown {
  try {
    validate(schema, value);
    return undefined;
  } catch (error) {
    return (error as { details: unknown }).details;
  }
}

describe('validate', () => {
  it('gives back what is valid', () => {
    expect(validator(schema)({ name: 'bob' })).toEqual({ name: 'bob' });
  });

  it.each<[unknown, string, string]>([
    [{}, 'name', 'required'],
    [{ name: 1 }, 'name', 'type'],
    [{ name: 'x' }, 'name', 'minLength'],
    [{ name: 'x'.repeat(6) }, 'name', 'maxLength'],
    [{ name: 'bob', age: '7' }, 'age', 'type'],
    [{ name: 'bob', age: 0 }, 'age', 'minimum'],
    [{ name: 'bob', kind: 'c' }, 'kind', 'enum'],
    [{ name: 'bob', other: 1 }, 'other', 'additionalProperties'],
    [{ name: 'bob', tags: { 'x.y': 'no' } }, 'tags.x%2Ey', 'type'],
    ['text', 'data', 'type'],
  ])('%j breaks rule of %s: %s', (value, field, rule) => {
    expect(faultsOf(value)).toMatchObject({ [field]: { [rule]: { message: expect.any(String) as string } } });
  });

  it('names all faulty fields at once', () => {
    expect(Object.keys(faultsOf({ age: 'x', kind: 1 }) as object).sort()).toEqual(['age', 'kind', 'name']);
  });

  it('never repeats a value, which may be a password', () => {
    expect(JSON.stringify(faultsOf({ name: 'secret-value' }))).not.toContain('secret-value');
  });
});

describe('fieldError', () => {
  it('is a validation error about one field', () => {
    expect(fieldError('a', 'type', 'must be b', { target: 'b' })).toMatchObject({
      code: 'validation_failed',
      details: { a: { type: { message: 'must be b', target: 'b' } } },
    });
  });
});
