import { randomHex } from '@ringdown/core';
import type { InboundMessage } from '../core/dialect';

/** A message of the Kazoo protocol, as far as it can be read without knowing its action. */
export interface KazooRequest {
  readonly action: string | undefined;
  /** The client's, or ours when it gave none; every answer carries it. */
  readonly requestId: string | number;
  readonly authToken: unknown;
  readonly name: unknown;
  readonly metadata: unknown;
  readonly hasMetadata: boolean;
  readonly data: unknown;
}

export type ParsedRequest =
  | { readonly ok: true; readonly request: KazooRequest }
  | { readonly ok: false; readonly requestId: string; readonly error: string };

/** Never throws. What is not one JSON object in a text frame is answered with an error; the socket stays. */
export function parseRequest({ data, isBinary }: Pick<InboundMessage, 'data' | 'isBinary'>): ParsedRequest {
  if (isBinary) return malformed('binary messages are not supported');
  let value: unknown;
  try {
    value = JSON.parse(data.toString('utf8'));
  } catch {
    return malformed('invalid JSON');
  }
  if (!isObject(value)) return malformed('message must be a JSON object');
  return {
    ok: true,
    request: {
      // Kazoo takes an absent, empty or non-string action alike.
      action: typeof value['action'] === 'string' && value['action'] !== '' ? value['action'] : undefined,
      requestId: requestIdOf(value['request_id']),
      authToken: value['auth_token'],
      name: value['name'],
      metadata: value['metadata'],
      hasMetadata: value['metadata'] !== undefined,
      data: value['data'],
    },
  };
}

/** For a message over the rate limit: its id if that is cheap to find, else a new one. */
export function requestIdOfLimited({
  data,
  isBinary,
}: Pick<InboundMessage, 'data' | 'isBinary'>): string | number {
  if (isBinary || data.length > CHEAP_BYTES) return randomHex(32);
  const parsed = parseRequest({ data, isBinary });
  return parsed.ok ? parsed.request.requestId : parsed.requestId;
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const CHEAP_BYTES = 4_096;

function malformed(error: string): ParsedRequest {
  return { ok: false, requestId: randomHex(32), error };
}

function requestIdOf(value: unknown): string | number {
  if (typeof value === 'string' && value !== '') return value;
  return typeof value === 'number' ? value : randomHex(32);
}
