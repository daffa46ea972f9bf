import type { IncomingHttpHeaders } from 'node:http';
import { tokenFromHeaders } from './bearer';

/** What a client showed: a token, or an API key of which it may have named the id. */
export type Credentials =
  | { readonly kind: 'token'; readonly token: string }
  | { readonly kind: 'api_key'; readonly key: string; readonly keyId: string | undefined };

/**
 * The credentials of a request to `/api/v1`: `X-Auth-Token` or `Authorization` (Bearer, or the bare token), else
 * `X-Api-Key` (the key, or base64 of `id:key`), else the query's `access_token` where a setting allows it. Browsers repeat
 * a page's Basic credentials; those are a proxy's business. Undefined when there are none.
 */
export function credentialsOf(
  headers: IncomingHttpHeaders,
  query: URLSearchParams,
  options: { readonly tokenInQuery: boolean },
): Credentials | undefined {
  const basic = /^basic\s/i.test(headers.authorization ?? '');
  const token = tokenFromHeaders(basic ? { ...headers, authorization: undefined } : headers);
  if (token !== undefined) return { kind: 'token', token };
  const header = [headers['x-api-key']].flat()[0]?.trim();
  if (header !== undefined && header !== '') return { kind: 'api_key', ...readApiKey(header) };
  const inQuery = options.tokenInQuery ? query.get('access_token') : null;
  return inQuery === null || inQuery === ''
    ? undefined
    : { kind: 'token', token: inQuery.replace(/^Bearer /i, '') };
}

/** Exactly one colon in the decoded text; anything else is taken for the key itself. */
function readApiKey(header: string): { readonly key: string; readonly keyId: string | undefined } {
  const decoded = /^[A-Za-z0-9+/_-]+=*$/.test(header) ? Buffer.from(header, 'base64').toString('latin1') : '';
  const pair = /^([\x21-\x39\x3b-\x7e]{1,128}):([\x21-\x39\x3b-\x7e]{1,256})$/.exec(decoded);
  return pair ? { keyId: pair[1]!, key: pair[2]! } : { key: header, keyId: undefined };
}
