import { currentTrace, type Trace } from '@ringdown/core';

type Headers = Readonly<Record<string, string>>;

/** `headers`, and those of the request on whose behalf the message is sent, unless they say something else already. */
export function traceHeaders(headers: Headers): Headers {
  const trace = currentTrace();
  if (trace === undefined) return headers;
  const { requestId, traceparent } = trace;
  return { request_id: requestId, ...(traceparent === undefined ? {} : { traceparent }), ...headers };
}

/** In whose name a message with these headers was sent; one without is its own beginning. */
export function traceOf(headers: Headers, ownId: string): Trace {
  return { requestId: printable(headers['request_id']) ?? ownId, traceparent: headers['traceparent'] };
}

/** What a foreign requester writes into a header ends up in logs and in headers of ours. */
function printable(id: string | undefined): string | undefined {
  return id !== undefined && /^[\x21-\x7e]{1,128}$/.test(id) ? id : undefined;
}
