import { randomHex } from '@ringdown/core';
import Joi from 'joi';
import { defineOperation } from './operation';

/** Where WebSockets live. */
export const BLACKHOLE = 'blackhole';

/** One open socket as REST shows it (Kazoo `websockets` listing). Never carries a token. */
export interface SocketInfo {
  readonly websocket_session_id: string;
  /** The client's own binding texts, in the order of subscription. */
  readonly bindings: readonly string[];
  /** Gregorian seconds of the connection. */
  readonly timestamp: number;
  /** The instance that holds the socket. */
  readonly destination: string;
  /** The real client address. */
  readonly source: string;
  /** The authenticated account. */
  readonly account_id: string;
  readonly name?: string;
  readonly metadata?: unknown;
}

const id = Joi.string().min(1).max(128);

/** The sockets of the given accounts on the asked instance; ask all instances and merge. */
export const listSockets = defineOperation<
  { readonly account_ids: readonly string[] },
  { readonly sockets: readonly SocketInfo[] }
>(BLACKHOLE, 'sockets.list', Joi.object({ account_ids: Joi.array().items(id).min(1).required() }));

/** One socket of the given accounts. Ask the instance that the id leads to. Error: not_found. */
export const getSocket = defineOperation<
  { readonly account_ids: readonly string[]; readonly socket_id: string },
  SocketInfo
>(
  BLACKHOLE,
  'sockets.get',
  Joi.object({ account_ids: Joi.array().items(id).min(1).required(), socket_id: id.required() }),
);

/** Closes a socket with 4010. Error: not_found. */
export const closeSocket = defineOperation<
  { readonly account_ids: readonly string[]; readonly socket_id: string },
  SocketInfo
>(
  BLACKHOLE,
  'sockets.close',
  Joi.object({ account_ids: Joi.array().items(id).min(1).required(), socket_id: id.required() }),
  { writes: true },
);

/**
 * One open socket of the hub protocol (`/api/v1/ws/subscribe`), as its owner sees it. Who owns it: an account and, in it,
 * a user; the user id of an API key is the id of its account.
 */
export interface HubClientInfo {
  readonly client_id: string;
  /** Event types in the order of subscription. */
  readonly subscriptions: readonly string[];
  readonly user_id: string;
  /** The account whose events it gets, or `*`. */
  readonly account_id: string;
  /** RFC 3339. */
  readonly connected_at: string;
  /** The real client address. */
  readonly source: string;
  /** The instance that holds the socket. */
  readonly destination: string;
}

interface HubOwner {
  readonly account_id: string;
  readonly user_id: string;
}

/** The hub sockets of one owner on the asked instance; ask all instances and merge. */
export const listHubClients = defineOperation<HubOwner, { readonly clients: readonly HubClientInfo[] }>(
  BLACKHOLE,
  'hub.clients',
  Joi.object({ account_id: id.required(), user_id: id.required() }),
);

/**
 * Takes event types off a hub socket of the owner. Ask the instance that the client id leads to. Those it was not
 * subscribed to are named in `not_subscribed`. Error: not_found (unknown, or somebody else's).
 */
export const unsubscribeHubClient = defineOperation<
  HubOwner & { readonly client_id: string; readonly event_types: readonly string[] },
  { readonly removed: readonly string[]; readonly not_subscribed: readonly string[] }
>(
  BLACKHOLE,
  'hub.unsubscribe',
  Joi.object({
    account_id: id.required(),
    user_id: id.required(),
    client_id: id.required(),
    event_types: Joi.array().items(Joi.string().max(512)).min(1).max(1000).required(),
  }),
  { writes: true },
);

/**
 * A new socket id: 32 hex characters of which the first eight are the tag of the instance that holds the socket, and the
 * others random but for the marks of a UUID version 4, so that it can be shown as one.
 */
export function newSocketId(instanceTag: string): string {
  const random = randomHex(24);
  const variant = '89ab'[Number.parseInt(random.charAt(8), 16) % 4]!;
  return `${instanceTag}${random.slice(0, 4)}4${random.slice(5, 8)}${variant}${random.slice(9)}`;
}

/** A socket id as the hub shows it: the same digits as a UUID. */
export function clientIdOf(socketId: string): string {
  return socketId.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/** The socket id of a client id; undefined when it is no UUID. Case does not count. */
export function socketIdOfClient(clientId: string): string | undefined {
  const wellFormed = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
  return wellFormed.test(clientId) ? clientId.replaceAll('-', '').toLowerCase() : undefined;
}

/** A socket id: 32 hex characters whose first eight are the tag of the instance that holds the socket. */
export function instanceTagOf(socketId: string): string {
  return socketId.slice(0, 8);
}
