import { AppError } from '@ringdown/core';

/** A field that breaks a rule. */
export function invalidField(field: string, rule: string, message: string): AppError {
  return new AppError('validation_failed', `${field}: ${message}`, {
    details: { [field]: { [rule]: { message } } },
  });
}

/** Also for what belongs to another account: that it exists is nobody else's business. */
export function notFound(what: string): AppError {
  return new AppError('not_found', `${what} not found`);
}
