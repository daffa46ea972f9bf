import type { IncomingHttpHeaders } from 'node:http';
import { tokenFromHeaders } from '@ringdown/auth';
import type { Access, Authenticate, Identity } from './access';

/** An upgrade as it was asked for. Everything in it is the client's word except `address`. */
export interface UpgradeRequest {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  /** May hold secrets: not for logs. */
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  /** Offered in `Sec-WebSocket-Protocol`, in the client's order. */
  readonly protocols: readonly string[];
  /** The real client, behind trusted proxies. */
  readonly address: string;
}

/** An upgrade may take place. */
export interface Admission {
  /** Undefined: whose socket it is will be said inside it, within WS_UNAUTHENTICATED_TIMEOUT_MS. */
  readonly identity: Identity | undefined;
  /** One of the offered subprotocols, to be selected. */
  readonly protocol?: string | undefined;
}

/**
 * Who is behind the token of `X-Auth-Token` or `Authorization` (`Bearer` or bare); undefined without one. `Basic`
 * credentials are no token: browsers repeat those of a page at its sockets. Errors: those of {@link Access.identify}.
 */
export async function identityFromHeaders(
  access: Access,
  headers: UpgradeRequest['headers'],
  authenticate?: Authenticate,
): Promise<Identity | undefined> {
  const isBasic = /^basic\s/i.test(headers.authorization ?? '');
  const token = tokenFromHeaders(isBasic ? { ...headers, authorization: undefined } : headers);
  return token === undefined ? undefined : access.identify(token, authenticate);
}

export type RefusalReason =
  /** The dialect threw `bad_request` or another code of the client's side. */
  | 'bad_request'
  /** `unauthorized`: credentials not accepted (or missing where they are needed). */
  | 'unauthorized'
  /** `forbidden`: accepted, but not for this. */
  | 'forbidden'
  /** Too many sockets of the address. */
  | 'address_limit'
  /** Too many sockets of the principal. */
  | 'principal_limit'
  /** Cannot be decided right now. */
  | 'unavailable'
  /** Shutting down, or not started. */
  | 'not_accepting'
  /** No WebSocket handshake; told after {@link Dialect.admit}. */
  | 'bad_handshake';

/** Why an upgrade is refused, and as what unless the dialect says otherwise. */
export interface Refusal {
  readonly reason: RefusalReason;
  readonly status: number;
  readonly message: string;
  /** What the dialect threw, if it was the one. */
  readonly error?: unknown;
}

export interface RefusalAnswer {
  readonly status: number;
  /** Sent as JSON; undefined: no body. */
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export const refusalStatus: Readonly<Record<RefusalReason, number>> = {
  bad_request: 400,
  unauthorized: 403,
  forbidden: 403,
  address_limit: 429,
  principal_limit: 429,
  unavailable: 503,
  not_accepting: 503,
  bad_handshake: 400,
};
