import type { IncomingMessage } from 'node:http';
import { AppError } from '@ringdown/core';
import { fieldError } from '@ringdown/http';
import { checkJson, wholeBody, type NamePlace } from './check-json';

const BYTE_ORDER_MARK = /^\ufeff/;

/** A body that is a JSON object, already checked for what no part of the system can take. */
export type JsonObject = Readonly<Record<string, unknown>>;

/**
 * Reads a request's body as a JSON object in UTF-8; undefined when it is empty or blank. Errors: those of
 * {@link readUtf8}, `validation_failed` (not JSON, not an object, or holding what {@link checkJson} refuses, its place
 * named by `namePlace`).
 */
export async function readJsonObject(
  request: IncomingMessage,
  maxBytes: number,
  namePlace: NamePlace = wholeBody,
): Promise<JsonObject | undefined> {
  const text = await readUtf8(request, maxBytes);
  if (text.trim() === '') return undefined;
  let body: unknown;
  try {
    body = JSON.parse(text.replace(BYTE_ORDER_MARK, ''));
  } catch {
    throw notJson('the body is not valid JSON');
  }
  if (!isObject(body)) throw notJson('the body must be a JSON object');
  checkJson(body, namePlace);
  return body;
}

/**
 * Reads a request's body as the text it is, for who checks a signature over it. Errors: `too_large`,
 * `unsupported_media_type` (not called JSON), `validation_failed` (not UTF-8), `bad_request` (cut off).
 */
export async function readUtf8(request: IncomingMessage, maxBytes: number): Promise<string> {
  const form = requireJson(request);
  const text = decode(await readBytes(request, maxBytes));
  // `curl -d` says "form" unless told otherwise; Kazoo's own examples are pasted without the header.
  if (form && !text.trimStart().startsWith('{')) throw unsupported('application/x-www-form-urlencoded');
  return text;
}

/**
 * Reads and drops what is left of a body, so that the client gets its answer instead of a reset connection. False when
 * more than `maxBytes` came: the connection should then be closed.
 */
export async function discardBody(request: IncomingMessage, maxBytes: number): Promise<boolean> {
  if (!announcesBody(request) || request.readableEnded || request.destroyed) return true;
  let left = maxBytes;
  return new Promise((resolve) => {
    const done = (complete: boolean) => (): void => {
      request.off('data', count).off('end', ended).off('close', closed);
      request.resume();
      resolve(complete);
    };
    const ended = done(true);
    const closed = done(false);
    const count = (chunk: Buffer): void => {
      left -= chunk.length;
      if (left < 0) closed();
    };
    request.on('data', count).on('end', ended).on('close', closed);
    request.resume();
  });
}

function announcesBody(request: IncomingMessage): boolean {
  return (
    request.headers['transfer-encoding'] !== undefined || Number(request.headers['content-length'] ?? 0) > 0
  );
}

async function readBytes(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  if (!announcesBody(request)) return Buffer.alloc(0);
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) throw tooLarge(maxBytes);
  const chunks: Buffer[] = [];
  let size = 0;
  return new Promise((resolve, reject) => {
    const settle = (finish: () => void): void => {
      request.off('data', take).off('end', ended).off('close', aborted);
      finish();
    };
    const take = (chunk: Buffer): void => {
      size += chunk.length;
      if (size > maxBytes) settle(() => reject(tooLarge(maxBytes)));
      else chunks.push(chunk);
    };
    const ended = (): void => settle(() => resolve(Buffer.concat(chunks)));
    const aborted = (): void => settle(() => reject(new AppError('bad_request', 'the request was cut off')));
    request.on('data', take).on('end', ended).on('close', aborted);
  });
}

/** True when the body calls itself a form; anything else that is not JSON in UTF-8 is refused. No type means JSON. */
function requireJson(request: IncomingMessage): boolean {
  const encoding = request.headers['content-encoding']?.trim().toLowerCase() ?? 'identity';
  if (encoding !== 'identity' && encoding !== '') throw unsupported(`content-encoding ${encoding}`);
  const header = request.headers['content-type'];
  if (header === undefined || !announcesBody(request)) return false;
  const [type = '', ...parameters] = header.split(';').map((part) => part.trim().toLowerCase());
  for (const parameter of parameters) {
    const charset = /^charset\s*=\s*"?([^"]*)"?$/.exec(parameter)?.[1];
    if (charset !== undefined && !['utf-8', 'utf8', 'us-ascii'].includes(charset)) {
      throw unsupported(`charset ${charset}`);
    }
  }
  if (
    type === '' ||
    /^(application|text)\/(x-)?json$/.test(type) ||
    /^application\/[^/\s]+\+json$/.test(type)
  ) {
    return false;
  }
  if (type === 'application/x-www-form-urlencoded') return true;
  throw unsupported(type);
}

function decode(bytes: Buffer): string {
  try {
    // A byte order mark is left in: it may be signed, too.
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw notJson('the body is not valid UTF-8');
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function notJson(message: string): AppError {
  return fieldError('json', 'invalid', message, { target: 'body' });
}

function unsupported(what: string): AppError {
  return new AppError(
    'unsupported_media_type',
    `${what.slice(0, 100)} is not supported; send application/json in UTF-8`,
  );
}

function tooLarge(maxBytes: number): AppError {
  return new AppError('too_large', `the body is larger than ${maxBytes} bytes`, {
    details: { max_bytes: maxBytes },
  });
}
