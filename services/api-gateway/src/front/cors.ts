const allowHeaders = [
  'content-type',
  'depth',
  'user-agent',
  'x-http-method-override',
  'x-file-size',
  'x-requested-with',
  'if-modified-since',
  'x-file-name',
  'cache-control',
  'x-auth-token',
  'x-kazoo-cluster-id',
  'if-match',
  'if-none-match',
  'authorization',
  'x-api-key',
  'x-request-id',
  'idempotency-key',
  'traceparent',
  'x-account-id',
].join(', ');

const exposeHeaders = [
  'content-type',
  'x-auth-token',
  'x-request-id',
  'x-kazoo-cluster-id',
  'location',
  'etag',
  'retry-after',
  'content-disposition',
  'x-next-start-key',
].join(', ');

/**
 * The CORS headers of every answer: any origin, because access is decided by a token that a browser never sends by
 * itself. Kazoo's lists, plus the headers Kazoo does not know.
 */
export function corsHeaders(methods: readonly string[]): Record<string, string> {
  return {
    'access-control-allow-origin': '*',
    'access-control-allow-methods': methods.join(', '),
    'access-control-allow-headers': allowHeaders,
    'access-control-expose-headers': exposeHeaders,
    'access-control-max-age': '86400',
  };
}
