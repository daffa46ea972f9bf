import { isAppError, type AppError } from '@ringdown/core';
import { statusOf } from './status';

/** One fault of a request. */
export interface HubFault {
  readonly code: number;
  readonly description: string;
  readonly error: string;
  /** The faulty member or parameter; else the path of the URL. */
  readonly path: string;
}

/** The error body of `/api/v1`. */
export interface HubErrorBody {
  readonly code: number;
  readonly message: string;
  readonly stack: readonly HubFault[];
}

export interface HubFailure {
  readonly status: number;
  readonly body: HubErrorBody;
}

/** Several faults of one field, as `details` of a validation error may list them. */
export interface ListedFault {
  readonly error: string;
  readonly message: string;
}

/** The body for an error with one fault. */
export function hubErrorBody(
  code: number,
  message: string,
  fault: { readonly error: string; readonly path: string },
): HubErrorBody {
  return { code, message, stack: [{ code, description: message, ...fault }] };
}

/**
 * Whatever was thrown as `/api/v1` shows it. `path`: of the URL, without its query. A wrong content type is a bad request
 * there, and a locked user or account is forbidden. What is not an AppError says nothing to the client.
 */
export function hubFailureOf(error: unknown, path: string): HubFailure {
  const status = isAppError(error) ? hubStatusOf(error) : statusOfRouter(error);
  if (!isAppError(error) || status === 500) {
    const message = status === 500 ? 'internal error' : 'the path is not valid percent-encoded UTF-8';
    const name = status === 500 ? 'internal' : 'bad_request';
    return { status, body: hubErrorBody(status, message, { error: name, path }) };
  }
  const faults = faultsOf(error, status);
  if (faults.length > 0) return { status, body: { code: status, message: error.message, stack: faults } };
  return { status, body: hubErrorBody(status, error.message, { error: error.code, path }) };
}

function hubStatusOf({ code }: AppError): number {
  if (code === 'unsupported_media_type') return 400;
  if (code === 'locked') return 403;
  return statusOf(code);
}

/** A router throws an error with status 400 when a part of the path is not valid percent-encoding. */
function statusOfRouter(error: unknown): number {
  return error instanceof Error && (error as { status?: unknown }).status === 400 ? 400 : 500;
}

/** One per field and rule of a validation error, or one per entry of a list of them; none for other errors. */
function faultsOf(error: AppError, code: number): HubFault[] {
  if (error.code !== 'validation_failed') return [];
  return Object.entries(error.details ?? {}).flatMap(([path, rules]): HubFault[] => {
    if (typeof rules === 'string') return [{ code, description: rules, error: 'invalid', path }];
    if (Array.isArray(rules)) {
      return (rules as readonly ListedFault[]).map(({ error: name, message }) => ({
        code,
        description: message,
        error: name,
        path,
      }));
    }
    if (typeof rules !== 'object' || rules === null) return [];
    return Object.entries(rules as Record<string, { readonly message?: unknown } | null>).map(
      ([rule, fault]) => ({ code, description: String(fault?.message ?? rule), error: rule, path }),
    );
  });
}
