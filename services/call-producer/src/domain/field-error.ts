import { AppError } from '@ringdown/core';

/** A command's member that the switch cannot act on, in the form REST shows. */
export function fieldError(field: string, rule: string, message: string, target?: unknown): AppError {
  return new AppError('validation_failed', `${field}: ${message}`, {
    details: { [field]: { [rule]: { message, ...(target === undefined ? {} : { target }) } } },
  });
}

/** A target, media or device that does not exist. */
export function unknownTarget(field: string, value: string): AppError {
  return fieldError(field, 'not_found', `${value} was not found on the switch`, value);
}
