import type { IncomingHttpHeaders } from 'node:http';
import { AppError } from '@ringdown/core';
import { fieldError } from '@ringdown/http';

/**
 * The revision that `If-Match` asks for: undefined when there is no condition (no header, or `*`). Quoted or bare.
 * Errors: `validation_failed` when malformed, `precondition_failed` when no document can ever have it.
 */
export function ifMatchOf(headers: IncomingHttpHeaders): number | undefined {
  const header = headers['if-match']?.trim();
  if (header === undefined || header === '*') return undefined;
  const digits = /^(?:"(\d{1,30})"|(\d{1,30}))$/.exec(header);
  if (!digits)
    throw fieldError('If-Match', 'wrong_format', 'If-Match must be one revision, quoted or bare, or *');
  const revision = Number(digits[1] ?? digits[2]);
  if (revision < 1 || !Number.isSafeInteger(revision)) {
    throw new AppError('precondition_failed', `the document is not at revision ${header}`);
  }
  return revision;
}

/** True when `If-None-Match` names this revision, so that the client's copy is still good. */
export function isUnchanged(headers: IncomingHttpHeaders, revision: number): boolean {
  const header = headers['if-none-match'];
  if (header === undefined) return false;
  return header.split(',').some((tag) => {
    const bare = tag.trim().replace(/^W\//, '').replaceAll('"', '');
    return bare === '*' || bare === String(revision);
  });
}

/** The `Idempotency-Key` header. Error: `validation_failed` unless 1 to 255 printable ASCII characters. */
export function idempotencyKeyOf(headers: IncomingHttpHeaders): string | undefined {
  const header = headers['idempotency-key'];
  if (header === undefined) return undefined;
  const key = Array.isArray(header) ? header.join(',') : header;
  if (!/^[\x20-\x7e]{1,255}$/.test(key)) {
    throw fieldError(
      'Idempotency-Key',
      'wrong_format',
      'Idempotency-Key must be 1 to 255 printable ASCII characters',
    );
  }
  return key;
}
