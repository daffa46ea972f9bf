import { createHash, timingSafeEqual } from 'node:crypto';

/**
 * The token of an HTTP request or upgrade: `X-Auth-Token`, else `Authorization` with `Bearer` or the bare token.
 * Never from a URL. Undefined when there is none.
 */
export function tokenFromHeaders(
  headers: Readonly<Record<string, string | string[] | undefined>>,
): string | undefined {
  const direct = single(headers['x-auth-token']);
  if (direct) return direct;
  const authorization = single(headers.authorization);
  if (!authorization) return undefined;
  const [scheme, value, ...rest] = authorization.split(/\s+/);
  if (value === undefined) return scheme;
  return rest.length === 0 && scheme?.toLowerCase() === 'bearer' ? value : authorization;
}

function single(value: string | string[] | undefined): string | undefined {
  const text = (Array.isArray(value) ? value[0] : value)?.trim();
  return text === '' ? undefined : text;
}

/** Compares two secrets without telling through time where they differ, or how long they are. */
export function equalSecrets(a: string, b: string): boolean {
  return timingSafeEqual(createHash('sha256').update(a).digest(), createHash('sha256').update(b).digest());
}
