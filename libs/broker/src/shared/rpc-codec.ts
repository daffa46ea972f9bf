import { AppError, type ErrorCode, isAppError } from '@ringdown/core';
import { checkBody } from './topology';

/** What a reply says: the handler's value, or its error. */
export type Reply = { readonly value: unknown } | { readonly error: AppError };

const errorCodes: ReadonlySet<string> = new Set<ErrorCode>([
  'bad_request',
  'validation_failed',
  'unauthorized',
  'forbidden',
  'not_found',
  'method_not_allowed',
  'conflict',
  'precondition_failed',
  'too_large',
  'unsupported_media_type',
  'locked',
  'rate_limited',
  'not_implemented',
  'unavailable',
  'timeout',
  'closed',
  'internal',
]);

export function encodeValue(value: unknown): Buffer {
  return Buffer.from(JSON.stringify({ ok: true, value }));
}

/**
 * An AppError travels with what a client may see; of anything else only the fact that it happened. Never throws: details
 * that cannot be sent stay behind.
 */
export function encodeError(thrown: unknown): Buffer {
  const error = isAppError(thrown) ? thrown : new AppError('internal', 'internal error');
  const { code, message, details, retryable } = error;
  try {
    const reply = Buffer.from(JSON.stringify({ ok: false, error: { code, message, details, retryable } }));
    checkBody(reply);
    return reply;
  } catch {
    return Buffer.from(JSON.stringify({ ok: false, error: { code, message, retryable } }));
  }
}

/** Reads a reply; whatever is not one becomes an `internal` error, never an exception. */
export function decodeReply(body: Buffer): Reply {
  const reply = parseObject(body);
  if (reply?.['ok'] === true) return { value: reply['value'] };
  const error = reply?.['ok'] === false ? reply['error'] : undefined;
  if (isObject(error) && typeof error['code'] === 'string' && typeof error['message'] === 'string') {
    const code = errorCodes.has(error['code']) ? (error['code'] as ErrorCode) : 'internal';
    return {
      error: new AppError(code, error['message'], {
        ...(isObject(error['details']) ? { details: error['details'] } : {}),
        ...(typeof error['retryable'] === 'boolean' ? { retryable: error['retryable'] } : {}),
      }),
    };
  }
  return { error: new AppError('internal', 'the reply could not be read') };
}

/** A JSON object, or undefined. */
export function parseObject(body: Buffer): Record<string, unknown> | undefined {
  const value = parseJson(body);
  return isObject(value) ? value : undefined;
}

/** Any JSON value; undefined when it is not JSON. */
export function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8')) as unknown;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
