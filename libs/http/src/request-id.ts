import type { IncomingMessage } from 'node:http';
import { newId } from '@ringdown/core';

const acceptable = /^[\x21-\x7e]{1,128}$/;

/** The client's `X-Request-ID` when it is 1 to 128 printable ASCII characters without spaces, else a new id. */
export function requestIdOf(request: Pick<IncomingMessage, 'headers'>): string {
  const given = request.headers['x-request-id'];
  return typeof given === 'string' && acceptable.test(given) ? given : newId();
}
