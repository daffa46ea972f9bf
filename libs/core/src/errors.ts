/**
 * The codes an error may carry across a boundary. Edges map them once: HTTP status, RPC reply, socket reply.
 */
export type ErrorCode =
  | 'bad_request'
  | 'validation_failed'
  | 'unauthorized'
  | 'forbidden'
  | 'not_found'
  | 'method_not_allowed'
  | 'conflict'
  | 'precondition_failed'
  | 'too_large'
  | 'unsupported_media_type'
  | 'locked'
  | 'rate_limited'
  | 'not_implemented'
  | 'unavailable'
  | 'timeout'
  | 'closed'
  | 'internal';

/** Options of an {@link AppError}. */
export interface AppErrorOptions {
  /** What went wrong underneath; kept for the log, never sent to a client. */
  readonly cause?: unknown;
  /** Machine-readable facts a client may see, for example one entry per faulty field. */
  readonly details?: Readonly<Record<string, unknown>>;
  /** True when the same call may succeed later without a change. Default: by code. */
  readonly retryable?: boolean;
}

/**
 * The one base of every error this project throws on purpose. Its message names the thing and the value and may be
 * shown to a client, so it holds no secret.
 */
export class AppError extends Error {
  readonly code: ErrorCode;
  readonly details: Readonly<Record<string, unknown>> | undefined;
  readonly retryable: boolean;

  constructor(code: ErrorCode, message: string, options: AppErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'AppError';
    this.code = code;
    this.details = options.details;
    this.retryable = options.retryable ?? retryableByDefault.has(code);
  }
}

const retryableByDefault: ReadonlySet<ErrorCode> = new Set(['unavailable', 'timeout', 'rate_limited']);

/** Recognises an AppError by shape, so that two copies of this package do not hide errors from each other. */
export function isAppError(value: unknown): value is AppError {
  return (
    value instanceof Error && typeof (value as { code?: unknown }).code === 'string' && 'retryable' in value
  );
}

/** Wraps whatever was thrown: an AppError passes, anything else becomes `internal` with the original as cause. */
export function toAppError(value: unknown, message = 'unexpected failure'): AppError {
  return isAppError(value) ? value : new AppError('internal', message, { cause: value });
}

/** The text of whatever was thrown, for a log line. */
export function messageOf(value: unknown): string {
  return value instanceof Error ? value.message : String(value);
}
