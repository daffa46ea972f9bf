import { AppError, isAppError, messageOf } from '@ringdown/core';

/** Socket and resolver failures of the client side: the server is away or unreachable. */
const NETWORK_CODES: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOENT',
]);

/**
 * SQLSTATEs that pass when the server is back or less busy. PostgreSQL, appendix "Error Codes": 40001 serialization
 * failure, 40P01 deadlock, 55P03 lock not available, 57014 query cancelled (statement timeout), 57P0x shutdown and
 * start, 25006 read-only (a failover under way), 53xxx out of resources, 08xxx connection, 28xxx login refused, 3D000
 * database not there yet.
 */
const TRANSIENT_STATES: ReadonlySet<string> = new Set(['40001', '40P01', '55P03', '57014', '25006', '3D000']);
const TRANSIENT_CLASSES: ReadonlySet<string> = new Set(['08', '28', '53']);

/** pg reports these with a text only. */
const CONNECTION_TEXTS =
  /connection terminated|timeout exceeded when trying to connect|query read timeout|connection error and is not queryable|cannot use a pool after|client was closed/i;

/** SQLSTATEs of values that no PostgreSQL can store or compare, for example a NUL character in a text. */
const BAD_VALUE_STATES: ReadonlySet<string> = new Set(['22021', '22P05', '22P02', '22003', '54000']);

/** Whether an error means that the connection it came from must not be used again. */
export function breaksConnection(error: unknown): boolean {
  const code = codeOf(error);
  if (code === undefined) return CONNECTION_TEXTS.test(messageOf(error));
  return NETWORK_CODES.has(code) || code.startsWith('08') || code.startsWith('57P') || code.startsWith('53');
}

/**
 * What a database driver threw, in the words of the system: `unavailable` for whatever passes by itself, `bad_request`
 * for values that cannot be stored, anything else (a violated constraint, a mistake of ours) as it is.
 */
export function translateDatabaseError(error: unknown): unknown {
  if (isAppError(error)) return error;
  const code = codeOf(error);
  const transient =
    breaksConnection(error) ||
    (code !== undefined && (TRANSIENT_STATES.has(code) || TRANSIENT_CLASSES.has(code.slice(0, 2))));
  if (transient) return new AppError('unavailable', 'the database is not available', { cause: error });
  if (code !== undefined && BAD_VALUE_STATES.has(code)) {
    return new AppError('bad_request', 'a value in the request cannot be stored or compared', {
      cause: error,
    });
  }
  return error;
}

/** The name of the unique constraint or index that refused a row; undefined for any other error. */
export function violatedConstraint(error: unknown): string | undefined {
  if (codeOf(error) !== '23505') return undefined;
  const { constraint } = error as { constraint?: unknown };
  return typeof constraint === 'string' ? constraint : '';
}

function codeOf(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null | undefined)?.code;
  return typeof code === 'string' ? code : undefined;
}
