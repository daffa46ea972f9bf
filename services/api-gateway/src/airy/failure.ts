import { isAppError, type AppError } from '@ringdown/core';
import { statusOf } from '@ringdown/http';

/** An error as this dialect shows it. */
export interface AiryFailure {
  readonly status: number;
  /** Absent: the answer has no body. */
  readonly message?: string;
  readonly headers: Readonly<Record<string, string>>;
}

const DEFAULT_RETRY_AFTER_S = 1;

/**
 * Maps whatever was thrown. Who is not authenticated gets 403 without a body, as Airy's clients expect; `mayLogIn` says
 * that this is about credentials in the body, whose refusal is 401. What is not an AppError says nothing to the client.
 */
export function toAiryFailure(error: unknown, mayLogIn: boolean): AiryFailure {
  if (!isAppError(error)) return isUndecodablePath(error) ? badPath : internal;
  const status = statusOf(error.code);
  if (status === 500) return internal;
  if (error.code === 'unauthorized') {
    return mayLogIn ? { status, message: 'invalid credentials', headers: {} } : { status: 403, headers: {} };
  }
  // Airy knows no 423.
  if (error.code === 'locked') return { status: 403, message: error.message, headers: {} };
  return { status, message: error.message, headers: headersOf(error) };
}

const internal: AiryFailure = { status: 500, message: 'internal error', headers: {} };
const badPath: AiryFailure = {
  status: 400,
  message: 'the path is not valid percent-encoded UTF-8',
  headers: {},
};

/** The router throws an error with status 400 when a part of the path is not valid percent-encoding. */
function isUndecodablePath(error: unknown): boolean {
  return error instanceof Error && (error as { status?: unknown }).status === 400;
}

function headersOf({ code, details }: AppError): Record<string, string> {
  if (code === 'method_not_allowed') return { allow: String(details?.['allow'] ?? '') };
  if (code !== 'rate_limited' && code !== 'unavailable' && code !== 'closed') return {};
  const seconds = details?.['retry_after_s'];
  const wait = typeof seconds === 'number' ? Math.max(1, Math.ceil(seconds)) : DEFAULT_RETRY_AFTER_S;
  return { 'retry-after': String(wait) };
}
