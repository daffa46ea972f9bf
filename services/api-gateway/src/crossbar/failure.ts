import { isAppError, type AppError, type ErrorCode } from '@ringdown/core';
import { statusOf } from '@ringdown/http';
import { InvalidData } from './invalid-data';
import { StateConflict } from './state-conflict';

/** An error as `/v2` shows it. */
export interface Failure {
  readonly status: number;
  readonly message: string;
  readonly data: unknown;
  readonly headers: Readonly<Record<string, string>>;
}

/** The `message` of each error code, in the words of Kazoo's Crossbar where it has one. */
const messages: Readonly<Record<ErrorCode, string>> = {
  bad_request: 'bad request',
  validation_failed: 'validation error',
  unauthorized: 'invalid_credentials',
  forbidden: 'forbidden',
  not_found: 'not_found',
  method_not_allowed: 'invalid_method',
  conflict: 'datastore_conflict',
  precondition_failed: 'precondition_failed',
  too_large: 'too_large',
  unsupported_media_type: 'unsupported_media_type',
  locked: 'locked',
  rate_limited: 'too_many_requests',
  not_implemented: 'not_implemented',
  internal: 'unspecified_fault',
  unavailable: 'service_unavailable',
  closed: 'service_unavailable',
  timeout: 'timeout',
};

const DEFAULT_RETRY_AFTER_S = 1;
/** Also what object-producer says of an unknown API key, which no URL names. */
const BAD_IDENTIFIER = 'bad identifier';

/**
 * Maps whatever was thrown. `identifiers` are the ids the URL named: what is missing is a `bad identifier` with that one
 * of them which `details.id` names, else with the last. An id that the URL does not hold is not repeated, it may be a
 * key. What is not an AppError says nothing to the client.
 */
export function toFailure(error: unknown, identifiers: readonly string[] = []): Failure {
  if (!isAppError(error)) return undecodablePath(error) ?? unspecified;
  const status = statusOf(error.code);
  if (status === 500) return unspecified;
  if (error instanceof InvalidData) return { status, message: error.message, data: error.echo, headers: {} };
  if (error instanceof StateConflict) {
    return { status, message: error.message, data: { message: error.message }, headers: {} };
  }
  if (error.code === 'not_found' && (identifiers.length > 0 || error.message === BAD_IDENTIFIER)) {
    const named = identifiers.filter((id) => id === error.details?.['id']);
    return { status, message: BAD_IDENTIFIER, data: [...identifiers, ...named].slice(-1), headers: {} };
  }
  return { status, message: messages[error.code], data: dataOf(error), headers: headersOf(error) };
}

const unspecified: Failure = { status: 500, message: messages.internal, data: {}, headers: {} };

/** The router throws an error with status 400 when a part of the path is not valid percent-encoding. */
function undecodablePath(error: unknown): Failure | undefined {
  if (!(error instanceof Error) || (error as { status?: unknown }).status !== 400) return undefined;
  return {
    status: 400,
    message: messages.bad_request,
    data: { message: 'the path is not valid percent-encoded UTF-8' },
    headers: {},
  };
}

function dataOf(error: AppError): unknown {
  switch (error.code) {
    case 'validation_failed':
      return fieldsOf(error);
    case 'unauthorized':
      return { message: 'invalid credentials' };
    case 'too_large':
      return { file: { maxSize: { message: error.message, target: error.details?.['max_bytes'] } } };
    case 'conflict':
    case 'precondition_failed':
      return { message: error.message, ...error.details };
    default:
      return { message: error.message };
  }
}

/** One entry per field: path -> rule -> {message}. A service may say just the message, or rule -> message. */
function fieldsOf(error: AppError): unknown {
  const fields: Record<string, unknown> = {};
  for (const [field, fault] of Object.entries(error.details ?? {})) {
    if (typeof fault === 'string') fields[field] = { invalid: { message: fault } };
    else if (typeof fault === 'object' && fault !== null) fields[field] = fault;
  }
  return Object.keys(fields).length > 0 ? fields : { data: { invalid: { message: error.message } } };
}

function headersOf(error: AppError): Record<string, string> {
  const { code, details } = error;
  if (code === 'method_not_allowed') return { allow: String(details?.['allow'] ?? '') };
  if (code === 'unauthorized') return { 'www-authenticate': 'Bearer' };
  if (code === 'rate_limited' || code === 'unavailable' || code === 'closed') {
    const seconds = details?.['retry_after_s'];
    return {
      'retry-after': String(
        typeof seconds === 'number' ? Math.max(1, Math.ceil(seconds)) : DEFAULT_RETRY_AFTER_S,
      ),
    };
  }
  return {};
}
