import { isAppError } from '@ringdown/core';
import type { Refusal, RefusalAnswer, UpgradeRequest } from '../core/upgrade';

/** Both are understood by the WebSocket layer; the second is a draft of the first. */
const VERSIONS = '13, 8';

/**
 * The answer to a refused upgrade, as the HTTP API of this protocol words its errors: `{"message": …}`, and no body for
 * who is not authenticated.
 */
export function stompRefusal(refusal: Refusal, request: HandshakeFacts): RefusalAnswer {
  const { reason, status } = refusal;
  if (reason === 'bad_handshake') return badHandshake(refusal.message, request);
  if (reason === 'unauthorized') return { status, body: undefined };
  const again = status === 429 || status === 503;
  return { status, body: { message: textOf(refusal) }, headers: again ? { 'retry-after': '1' } : {} };
}

type HandshakeFacts = Pick<UpgradeRequest, 'method' | 'headers'>;

/** The answer to a request for a socket that is no handshake at all. */
export function notAHandshake({ method }: Pick<HandshakeFacts, 'method'>): RefusalAnswer {
  if (method !== 'GET') {
    return { status: 405, body: { message: 'only GET is supported here' }, headers: { allow: 'GET' } };
  }
  return {
    status: 426,
    body: { message: 'this is not a WebSocket handshake' },
    headers: { upgrade: 'websocket' },
  };
}

function badHandshake(message: string, { method, headers }: HandshakeFacts): RefusalAnswer {
  if (method !== 'GET' || headers.upgrade?.toLowerCase() !== 'websocket') return notAHandshake({ method });
  const version = headers['sec-websocket-version'];
  if (version !== '13' && version !== '8' && hasKey(headers)) {
    return {
      status: 426,
      body: { message: `this version of WebSockets is not supported, only ${VERSIONS}` },
      headers: { upgrade: 'websocket', 'sec-websocket-version': VERSIONS },
    };
  }
  return { status: 400, body: { message } };
}

/** Without one the version does not matter: it is no handshake of any. */
function hasKey(headers: HandshakeFacts['headers']): boolean {
  return headers['sec-websocket-key'] !== undefined;
}

function textOf({ message, error }: Refusal): string {
  return error === undefined || isAppError(error) ? message : 'temporarily unavailable, try again';
}
