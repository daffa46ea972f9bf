import type { IncomingHttpHeaders } from 'node:http';

/** Names another account than one's own. Airy, which has one tenant, knows nothing like it. */
export const ACCOUNT_HEADER = 'x-account-id';

/** The account a request says it is about; undefined: the caller's own. Whether it may is asked elsewhere. */
export function chosenAccount(headers: IncomingHttpHeaders): string | undefined {
  const given = headers[ACCOUNT_HEADER];
  const text = (Array.isArray(given) ? given.join(',') : given)?.trim();
  return text === '' ? undefined : text;
}
