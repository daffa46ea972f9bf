import type { ErrorCode } from '@ringdown/core';

const statuses: Readonly<Record<ErrorCode, number>> = {
  bad_request: 400,
  validation_failed: 400,
  unauthorized: 401,
  forbidden: 403,
  not_found: 404,
  method_not_allowed: 405,
  conflict: 409,
  precondition_failed: 412,
  too_large: 413,
  unsupported_media_type: 415,
  locked: 423,
  rate_limited: 429,
  internal: 500,
  not_implemented: 501,
  unavailable: 503,
  closed: 503,
  timeout: 504,
};

/** The HTTP status of an error; a code this version does not know counts as `internal`. */
export function statusOf(code: ErrorCode): number {
  return statuses[code] ?? 500;
}
