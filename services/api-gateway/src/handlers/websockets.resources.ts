import {
  BLACKHOLE,
  closeSocket,
  getSocket,
  instanceTagOf,
  listSockets,
  type BindingCatalogue,
  type Operation,
  type SocketInfo,
} from '@ringdown/contracts';
import { AppError, isAppError } from '@ringdown/core';
import { fieldError } from '@ringdown/http';
import type { Access } from '../app/access';
import type { ApiBroker, Rpc } from '../app/rpc';
import type { Resource } from '../crossbar/endpoint';
import type { AuthenticatedRequest } from '../front/request';

/**
 * What can be subscribed to, and the open sockets of an account: its own and the caller's (as Kazoo does, whose
 * acceptance test looks for its own socket under another account). Collected from every live gateway; those that did
 * not answer are named in `missing` beside `data`.
 */
export function websocketResources(
  rpc: Rpc,
  broker: ApiBroker,
  access: Access,
  catalogue: { readonly documented: BindingCatalogue; readonly all: BindingCatalogue },
): Resource[] {
  const read = ({ principal, params }: AuthenticatedRequest): Promise<void> =>
    access.toRead(principal, params['account_id']!);
  const askHolder = async (
    request: AuthenticatedRequest,
    operation: Operation<{ account_ids: readonly string[]; socket_id: string }, SocketInfo>,
  ): Promise<SocketInfo> => {
    requireBroker(broker);
    const socketId = request.params['socket_id']!;
    const holder = broker
      .instances(BLACKHOLE)
      .find(({ instance }) => /^[0-9a-f]{32}$/.test(socketId) && instance.endsWith(instanceTagOf(socketId)));
    if (!holder) throw unknownSocket();
    try {
      const payload = { account_ids: accountsOf(request), socket_id: socketId };
      return await rpc.askInstance(holder.instance, operation, payload, request);
    } catch (error) {
      // The broker stands but the instance does not: its sockets are gone with it.
      if (isAppError(error) && error.code === 'unavailable' && isReady(broker)) throw unknownSocket();
      throw error;
    }
  };

  return [
    {
      path: '/websockets',
      methods: {
        GET: {
          access: 'open',
          run: ({ query }) => {
            const families = oneOf(query, 'families', ['all']);
            return Promise.resolve({ data: families === 'all' ? catalogue.all : catalogue.documented });
          },
        },
      },
    },
    {
      path: '/accounts/:account_id/websockets',
      methods: {
        GET: {
          access: 'token',
          authorize: read,
          run: async (request) => {
            const format = oneOf(request.query, 'format', ['ids']);
            requireBroker(broker);
            const { answers, missing } = await rpc.askAll(
              listSockets,
              { account_ids: accountsOf(request) },
              request,
            );
            const sockets = answers.flatMap(({ value }) => value.sockets);
            sockets.sort(byAge);
            return {
              data:
                format === 'ids' ? sockets.map((socket) => socket.websocket_session_id) : sockets.map(listed),
              extra: missing.length > 0 ? { missing } : {},
            };
          },
        },
      },
    },
    {
      path: '/accounts/:account_id/websockets/:socket_id',
      methods: {
        GET: {
          access: 'token',
          authorize: read,
          run: async (request) => {
            const format = oneOf(request.query, 'format', ['list']);
            const socket = await askHolder(request, getSocket);
            return { data: format === 'list' ? [older(socket)] : listed(socket) };
          },
        },
        DELETE: {
          access: 'token',
          authorize: ({ principal, params }) => access.toAdminister(principal, params['account_id']!),
          run: async (request) => ({ data: listed(await askHolder(request, closeSocket)) }),
        },
      },
    },
  ];
}

/** The newer document's object. The account is left out as Kazoo does. */
function listed(socket: SocketInfo): Record<string, unknown> {
  return {
    bindings: socket.bindings,
    websocket_session_id: socket.websocket_session_id,
    timestamp: socket.timestamp,
    destination: socket.destination,
    source: socket.source,
    ...(socket.name === undefined ? {} : { name: socket.name }),
    ...(socket.metadata === undefined ? {} : { metadata: socket.metadata }),
  };
}

/** The older document's object. It shows a token; we do not. */
function older(socket: SocketInfo): Record<string, unknown> {
  return {
    account_id: socket.account_id,
    auth_token: 'redacted',
    bindings: socket.bindings,
    websocket_session_id: socket.websocket_session_id,
  };
}

function accountsOf(request: AuthenticatedRequest): string[] {
  return [...new Set([request.params['account_id']!, request.principal.accountId])];
}

function byAge(a: SocketInfo, b: SocketInfo): number {
  return a.timestamp - b.timestamp || (a.websocket_session_id < b.websocket_session_id ? -1 : 1);
}

function isReady(broker: ApiBroker): boolean {
  const { state } = broker.status();
  return state === 'ready' || state === 'blocked';
}

/** Without the broker an empty list would be a lie. */
function requireBroker(broker: ApiBroker): void {
  if (!isReady(broker)) throw new AppError('unavailable', 'the message broker cannot be reached, try again');
}

function unknownSocket(): AppError {
  return new AppError('not_found', 'no such socket');
}

function oneOf(query: URLSearchParams, name: string, values: readonly string[]): string | undefined {
  const value = query.get(name);
  if (value === null || values.includes(value)) return value ?? undefined;
  throw fieldError(name, 'enum', `${name} must be ${values.join(' or ')}, or be left out`, {
    target: values,
  });
}
