import { currentTrace, newId, type Trace } from '@ringdown/core';

type Headers = Readonly<Record<string, string>>;

/** `headers`, and those of the request on whose behalf the message is sent, unless they say something else already. */
export function traceHeaders(headers: Headers): Headers {
  const trace = currentTrace();
  if (trace === undefined) return headers;
  const { requestId, traceparent } = trace;
  return { request_id: requestId, ...(traceparent === undefined ? {} : { traceparent }), ...headers };
}

/**
 * In whose name a message with these headers was sent; one without is its own beginning. What a foreign requester writes
 * ends up in logs, in headers of ours and in the outbox, so what no part of ours would write counts for nothing.
 */
export function traceOf(headers: Headers, ownId: string): Trace {
  return {
    requestId: printable(headers['request_id']) ?? printable(ownId) ?? newId(),
    traceparent: printable(headers['traceparent']),
  };
}

function printable(text: string | undefined): string | undefined {
  return text !== undefined && /^[\x21-\x7e]{1,128}$/.test(text) ? text : undefined;
}
