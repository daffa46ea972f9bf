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

/** A new socket id: 32 hex characters whose first eight are the tag of the instance that holds the socket. */
export function instanceTagOf(socketId: string): string {
  return socketId.slice(0, 8);
}
