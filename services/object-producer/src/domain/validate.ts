import type { JsonObject } from '@ringdown/core';
import type Joi from 'joi';
import { fieldPath, validationFailed, type FieldErrors, type RuleFailure } from './field-errors';

/**
 * The data with its defaults, or an AppError `validation_failed` with every faulty field. Values are not converted: a
 * text where a number belongs is a fault.
 */
export function validateData(schema: Joi.ObjectSchema, data: JsonObject): JsonObject {
  const { value, error } = schema.validate(data, { abortEarly: false, convert: false, allowUnknown: true });
  if (!error) return value as JsonObject;
  const faults: FieldErrors = {};
  for (const item of error.details) {
    const [rule, failure] = failureOf(item);
    (faults[fieldPath(item.path)] ??= {})[rule] ??= failure;
  }
  throw validationFailed(faults);
}

/** A joi complaint as Kazoo words it: rule name and texts of its `cb_context` module. */
function failureOf({ type, context }: Joi.ValidationErrorItem): [string, RuleFailure] {
  const limit: unknown = context?.['limit'];
  switch (type) {
    case 'any.required':
      return ['required', { message: 'Field is required but missing' }];
    case 'string.empty':
      return ['minLength', { message: 'String must be at least 1 characters', target: 1 }];
    case 'string.min':
      return ['minLength', { message: `String must be at least ${limit} characters`, target: limit }];
    case 'string.max':
      return ['maxLength', { message: `String must not be more than ${limit} characters`, target: limit }];
    case 'string.pattern.base':
    case 'string.pattern.name': {
      const target = String(context?.['regex']).replace(/^\/(.*)\/[a-z]*$/s, '$1');
      return ['pattern', { message: `Failed to match pattern '${target}'`, target }];
    }
    case 'string.email':
    case 'string.hostname':
    case 'string.uri':
      return ['wrong_format', { message: 'Value is not in the right format' }];
    case 'any.only':
      return [
        'enum',
        { message: 'Value not found in enumerated list of values', target: context?.['valids'] as unknown },
      ];
    case 'number.min':
      return ['minimum', { message: `Value must be at least ${limit}`, target: limit }];
    case 'number.max':
      return ['maximum', { message: `Value must be at most ${limit}`, target: limit }];
    case 'array.min':
      return ['minItems', { message: `The list must have at least ${limit} items`, target: limit }];
    case 'array.max':
      return ['maxItems', { message: `The list must not have more than ${limit} items`, target: limit }];
    case 'object.max':
      return [
        'maxProperties',
        { message: `The object must not have more than ${limit} members`, target: limit },
      ];
    case 'array.unique':
      return ['uniqueItems', { message: 'List of items is not unique' }];
    case 'object.unknown':
      return [
        'additionalProperties',
        { message: 'Strict checking of data is enabled and this is not included as a valid property' },
      ];
    default:
      return typeFailure(type);
  }
}

const TYPES: Readonly<Record<string, string>> = {
  string: 'string',
  number: 'number',
  boolean: 'boolean',
  object: 'object',
  array: 'array',
};

function typeFailure(type: string): [string, RuleFailure] {
  const target = type === 'number.integer' ? 'integer' : TYPES[type.split('.')[0] ?? ''];
  if (target === undefined) return ['invalid', { message: 'Value is invalid' }];
  return ['type', { message: `Value did not match type(s): ${target}`, target }];
}
