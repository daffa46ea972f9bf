import { AppError, type ErrorCode, messageOf } from '@ringdown/core';

const codes: Readonly<Record<number, ErrorCode>> = { 403: 'forbidden', 404: 'not_found', 405: 'conflict' };

/** The reply code when the broker refused an operation (and closed its channel); undefined when the link was lost. */
export function refusalCode(error: unknown): number | undefined {
  const code: unknown = error instanceof Error ? (error as { code?: unknown }).code : undefined;
  return typeof code === 'number' ? code : undefined;
}

/** `what` failed: as the broker's refusal says, or `unavailable` when there was nobody to refuse. */
export function asAppError(error: unknown, what: string): AppError {
  if (error instanceof AppError) return error;
  const code = refusalCode(error);
  return new AppError(
    code === undefined ? 'unavailable' : (codes[code] ?? 'bad_request'),
    `${what} failed: ${messageOf(error)}`,
    { cause: error },
  );
}

/** Why there is no connection, in words an operator can act on: of a refused virtual host amqplib says only that it was refused. */
export function connectFailure(message: string): string {
  if (!message.startsWith('Expected ConnectionOpenOk')) return message;
  return 'the virtual host does not exist, or the user has no permission for it';
}
