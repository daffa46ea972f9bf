import { AppError } from '@ringdown/core';
import type Joi from 'joi';

/** What is wrong with one field: rule name -> message and facts. The form of the Kazoo API. */
export type FieldFault = Readonly<Record<string, FaultDetail>>;

export interface FaultDetail {
  readonly message: string;
  readonly target?: unknown;
  readonly value?: unknown;
}

/** An AppError `validation_failed` about one field. */
export function fieldError(
  field: string,
  rule: string,
  message: string,
  facts: Omit<FaultDetail, 'message'> = {},
): AppError {
  return new AppError('validation_failed', `${field}: ${message}`, {
    details: { [field]: { [rule]: { message, ...facts } } },
  });
}

/** A function that returns the value the schema makes of its input or throws like {@link validate}. */
export function validator<T>(schema: Joi.Schema<T>): (value: unknown) => T {
  return (value) => validate(schema, value);
}

/**
 * The value as the schema converts it. Error: `validation_failed`, its details one entry per faulty field: dotted path
 * -> rule -> message. Values are never repeated in messages or details, they may be passwords.
 */
export function validate<T>(schema: Joi.Schema<T>, value: unknown): T {
  const result = schema.validate(value, {
    abortEarly: false,
    convert: false,
    errors: { wrap: { label: false } },
  });
  if (result.error === undefined) return result.value as T;
  const details: Record<string, Record<string, FaultDetail>> = {};
  for (const item of result.error.details) {
    const field =
      item.path.length === 0
        ? 'data'
        : item.path.map((part) => String(part).replaceAll('.', '%2E')).join('.');
    (details[field] ??= {})[ruleOf(item.type)] = factsOf(item);
  }
  throw new AppError('validation_failed', result.error.details.map((item) => item.message).join('; '), {
    details,
  });
}

/** Joi's rule names, in the words of the Kazoo API where it has one. */
function ruleOf(type: string): string {
  return kazooRules[type] ?? (type.endsWith('.base') ? 'type' : 'invalid');
}

const kazooRules: Readonly<Record<string, string>> = {
  'any.required': 'required',
  'any.only': 'enum',
  'any.unknown': 'forbidden',
  'object.unknown': 'additionalProperties',
  'object.missing': 'required',
  'object.xor': 'required',
  'string.empty': 'minLength',
  'string.min': 'minLength',
  'string.max': 'maxLength',
  'string.pattern.base': 'pattern',
  'string.hex': 'wrong_format',
  'number.min': 'minimum',
  'number.max': 'maximum',
  'number.integer': 'type',
  'array.min': 'minItems',
  'array.max': 'maxItems',
  'array.unique': 'uniqueItems',
};

function factsOf(item: Joi.ValidationErrorItem): FaultDetail {
  const limit: unknown = item.context?.['limit'] ?? item.context?.['valids'];
  return { message: item.message, ...(limit === undefined ? {} : { target: limit }) };
}
