import { isUtf8 } from 'node:buffer';
import type { RejectReason } from './event';
import { isJsonObject, type JsonObject } from './fields';

export const MAX_EVENT_BYTES = 1024 * 1024;
/** Deeper bodies are refused: what parses without recursion does not serialise without it. */
export const MAX_EVENT_DEPTH = 64;

export type JsonBody =
  | { readonly ok: true; readonly body: JsonObject }
  | { readonly ok: false; readonly reason: RejectReason; readonly detail: string };

const notJson = 'the body is not JSON in UTF-8';
const BYTE_ORDER_MARK = 0xfeff;

const refuse = (reason: RejectReason, detail: string): JsonBody => ({ ok: false, reason, detail });

/** A message body as a JSON object, within bounds of size and depth, without members named `__proto__`. Never throws. */
export function readJsonBody(bytes: Buffer): JsonBody {
  if (bytes.length > MAX_EVENT_BYTES) {
    return refuse('too_large', `${bytes.length} bytes, at most ${MAX_EVENT_BYTES}`);
  }
  if (isDeeperThan(bytes, MAX_EVENT_DEPTH)) {
    return refuse('too_large', `nested deeper than ${MAX_EVENT_DEPTH} levels`);
  }
  if (!isUtf8(bytes)) return refuse('not_json', notJson);
  let value: unknown;
  try {
    const decoded = bytes.toString('utf8');
    const text = decoded.charCodeAt(0) === BYTE_ORDER_MARK ? decoded.slice(1) : decoded;
    value = mayNameProto(text) ? JSON.parse(text, withoutProto) : JSON.parse(text);
  } catch {
    return refuse('not_json', notJson);
  }
  return isJsonObject(value)
    ? { ok: true, body: value }
    : refuse('not_an_object', 'the body is no JSON object');
}

/** Counts brackets outside strings; right for every valid text, and an invalid one fails to parse afterwards. */
function isDeeperThan(bytes: Buffer, limit: number): boolean {
  let depth = 0;
  let inString = false;
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at];
    if (inString) {
      if (byte === 0x5c) at += 1;
      else if (byte === 0x22) inString = false;
    } else if (byte === 0x22) inString = true;
    else if (byte === 0x7b || byte === 0x5b) {
      depth += 1;
      if (depth > limit) return true;
    } else if (byte === 0x7d || byte === 0x5d) depth -= 1;
  }
  return false;
}

/** `_` can also be written as an escape. */
function mayNameProto(text: string): boolean {
  return text.includes('__proto__') || /\\u005f/i.test(text);
}

function withoutProto(this: unknown, name: string, value: unknown): unknown {
  return name === '__proto__' ? undefined : value;
}
