import type { IncomingMessage } from 'node:http';
import { newId, withTrace } from '@ringdown/core';
import type { RequestHandler } from 'express';

const acceptable = /^[\x21-\x7e]{1,128}$/;
const wellFormedTrace = /^[\da-f]{2}-[\da-f]{32}-[\da-f]{16}-[\da-f]{2}$/;
const made = new WeakMap<object, string>();

/**
 * The client's `X-Request-ID` when it is 1 to 128 printable ASCII characters without spaces, else a new id: the same one
 * whenever it is asked for.
 */
export function requestIdOf(request: Pick<IncomingMessage, 'headers'>): string {
  const given = request.headers['x-request-id'];
  if (typeof given === 'string' && acceptable.test(given)) return given;
  const id = made.get(request) ?? newId();
  made.set(request, id);
  return id;
}

/** W3C trace context, when the client sent a well-formed one. */
export function traceparentOf(request: Pick<IncomingMessage, 'headers'>): string | undefined {
  const header = request.headers['traceparent'];
  return typeof header === 'string' && wellFormedTrace.test(header) ? header : undefined;
}

/** What is done for a request is done in its name: log lines and messages to other services carry its id. */
export function traceRequests(): RequestHandler {
  return (request, _response, next) =>
    withTrace({ requestId: requestIdOf(request), traceparent: traceparentOf(request) }, next);
}
