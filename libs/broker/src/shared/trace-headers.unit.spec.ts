import { withTrace } from '@ringdown/core';
import { traceHeaders, traceOf } from './trace-headers';

const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

it('goes along with what is sent on behalf of a request, and comes back from it', () => {
  const trace = { requestId: 'http-1', traceparent };

  const headers = withTrace(trace, () => traceHeaders({ account_id: 'a' }));

  expect(headers).toEqual({ account_id: 'a', request_id: 'http-1', traceparent });
  expect(traceOf(headers, 'own')).toEqual(trace);
  expect(traceOf({}, 'own')).toEqual({ requestId: 'own', traceparent: undefined });
});

it.each([['two words'], ['two\nlines'], ['a\0null'], ['ä'], [''], ['x'.repeat(129)]])(
  'is not what a foreign requester writes as %j',
  (text) => {
    expect(traceOf({ request_id: text, traceparent: text }, 'own')).toEqual({
      requestId: 'own',
      traceparent: undefined,
    });
    const { requestId } = traceOf({}, text);
    expect(requestId).toMatch(/^[0-9a-f]{32}$/);
  },
);
