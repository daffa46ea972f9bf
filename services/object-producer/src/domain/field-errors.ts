import { AppError } from '@ringdown/core';

/** One violated rule of a field, in the words of Kazoo's REST API. */
export interface RuleFailure {
  readonly message: string;
  /** What the rule asked for, for example the minimum length. */
  readonly target?: unknown;
  /** The faulty value, when it helps and is no secret. */
  readonly cause?: unknown;
}

/** Kazoo's `data` of a validation error: dotted path -> rule -> failure. */
export type FieldErrors = Record<string, Record<string, RuleFailure>>;

/** The error of one or more faulty fields; its details are what REST shows as `data`. */
export function validationFailed(details: FieldErrors): AppError {
  return new AppError('validation_failed', 'validation error', { details });
}

/** The same for a single field. */
export function invalidField(path: string, rule: string, failure: RuleFailure): AppError {
  return validationFailed({ [path]: { [rule]: failure } });
}

/** Joins the parts of a path with dots; dots inside a part are written `%2E`, as Kazoo does. */
export function fieldPath(parts: readonly (string | number)[]): string {
  return parts.map((part) => String(part).replaceAll('.', '%2E')).join('.');
}
