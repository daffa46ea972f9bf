import {
  closeSocket,
  getSocket,
  listSockets,
  type BindingCatalogue,
  type Operation,
  type SocketInfo,
} from '@ringdown/contracts';
import { fieldError } from '@ringdown/http';
import type { Access } from '../app/access';
import type { Rpc } from '../app/rpc';
import type { SocketHolder } from '../app/socket-holder';
import type { Resource } from '../crossbar/endpoint';
import type { AuthenticatedRequest } from '../front/request';

/**
 * What can be subscribed to, and the open sockets of an account: its own and the caller's (as Kazoo does, whose
 * acceptance test looks for its own socket under another account). Collected from every live gateway; those that did
 * not answer are named in `missing` beside `data`.
 */
export function websocketResources(
  rpc: Rpc,
  holder: SocketHolder,
  access: Access,
  catalogue: { readonly documented: BindingCatalogue; readonly all: BindingCatalogue },
): Resource[] {
  const read = ({ principal, params }: AuthenticatedRequest): Promise<void> =>
    access.toRead(principal, params['account_id']!);
  const askHolder = async (
    request: AuthenticatedRequest,
    operation: Operation<{ account_ids: readonly string[]; socket_id: string }, SocketInfo>,
  ): Promise<SocketInfo> => {
    const socketId = request.params['socket_id']!;
    return holder.ask(
      socketId,
      operation,
      { account_ids: accountsOf(request), socket_id: socketId },
      request,
    );
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
            holder.requireBroker();
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

function oneOf(query: URLSearchParams, name: string, values: readonly string[]): string | undefined {
  const value = query.get(name);
  if (value === null || values.includes(value)) return value ?? undefined;
  throw fieldError(name, 'enum', `${name} must be ${values.join(' or ')}, or be left out`, {
    target: values,
  });
}
