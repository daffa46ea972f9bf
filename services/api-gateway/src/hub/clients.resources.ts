import {
  hubEventTypeNames,
  listHubClients,
  parseHubEventTypes,
  socketIdOfClient,
  unsubscribeHubClient,
} from '@ringdown/contracts';
import { AppError, isAppError } from '@ringdown/core';
import { fieldError, type ListedFault } from '@ringdown/http';
import type { Rpc } from '../app/rpc';
import type { SocketHolder } from '../app/socket-holder';
import type { JsonObject } from '../front/json-body';
import type { AuthenticatedRequest } from '../front/request';
import type { HubResource } from './endpoint';
import { hubOwner } from './owner';

const MAX_EVENT_TYPES = 1000;
const GLOBAL = 'global';
const GLOBAL_STAYS = 'cannot unsubscribe from global event type';

/** The open sockets of the caller: what they are subscribed to, and how that becomes less. */
export function clientResources(rpc: Rpc, holder: SocketHolder): HubResource[] {
  return [
    {
      path: '/ws/clients',
      methods: {
        GET: {
          access: 'principal',
          run: async (request) => {
            holder.requireBroker();
            const owner = hubOwner(request.principal);
            const { answers, missing } = await rpc.askAll(listHubClients, owner, request);
            const clients = answers.flatMap(({ value }) => value.clients);
            clients.sort((a, b) => (a.connected_at < b.connected_at ? -1 : 1));
            return { body: { clients, ...(missing.length > 0 ? { missing } : {}) } };
          },
        },
      },
    },
    {
      path: '/ws/unsubscribe',
      methods: {
        POST: {
          access: 'principal',
          run: async (request, body) => ({ body: await unsubscribe(holder, request, body) }),
        },
      },
    },
    {
      path: '/ws/subscribe',
      methods: {
        GET: {
          access: 'principal',
          run: () =>
            Promise.reject(
              new AppError('bad_request', 'Failed to upgrade connection: this is not a WebSocket handshake'),
            ),
        },
      },
    },
  ];
}

async function unsubscribe(
  holder: SocketHolder,
  request: AuthenticatedRequest,
  body: JsonObject,
): Promise<object> {
  const owner = hubOwner(request.principal);
  requireOwnUser(body['user_id'], owner.user_id);
  const { clientId, socketId } = clientOf(body['client_id']);
  const { wanted, namesGlobal } = eventTypesOf(body['event_types']);
  if (wanted.length === 0) throw new AppError('bad_request', GLOBAL_STAYS);
  const payload = { ...owner, client_id: clientId, event_types: wanted };
  const { removed, not_subscribed: missed } = await holder
    .ask(socketId, unsubscribeHubClient, payload, request)
    .catch((error: unknown) => {
      if (!isAppError(error) || error.code !== 'not_found') throw error;
      throw new AppError('not_found', `client ${clientId} does not exist`, { cause: error });
    });
  const refusals = [
    ...(namesGlobal ? [{ error: 'forbidden', text: GLOBAL_STAYS }] : []),
    ...missed.map((type) => ({ error: 'not_subscribed', text: `not subscribed to event type ${type}` })),
  ];
  if (removed.length === 0) throw nothingRemoved(refusals);
  if (refusals.length === 0) return { message: 'OK', code: 200 };
  const reasons = refusals.map(({ text }) => text).join('; ');
  return { message: `${reasons} unsubscribed from: ${removed.join(', ')}`, code: 200 };
}

/** An empty one says nothing, as an absent one. Errors: `validation_failed`, `forbidden`. */
function requireOwnUser(userId: unknown, own: string): void {
  if (userId === undefined || userId === null || userId === '') return;
  if (typeof userId !== 'string') throw fieldError('user_id', 'type', 'Invalid user_id body parameter');
  if (userId !== own) throw new AppError('forbidden', 'user_id is not the authenticated user');
}

function clientOf(value: unknown): { readonly clientId: string; readonly socketId: string } {
  const socketId = typeof value === 'string' ? socketIdOfClient(value.trim()) : undefined;
  if (socketId === undefined) {
    throw fieldError('client_id', value === undefined ? 'required' : 'format', 'must be a UUID');
  }
  return { clientId: String(value).trim().toLowerCase(), socketId };
}

/** A list or one comma-separated text. Unknown names are ignored while any is known. */
function eventTypesOf(value: unknown): { readonly wanted: readonly string[]; readonly namesGlobal: boolean } {
  const list = typeof value === 'string' ? [value] : value;
  if (!Array.isArray(list) || !list.every((item): item is string => typeof item === 'string')) {
    throw invalidEventTypes(value === undefined ? 'required' : 'type');
  }
  const { types, unknown } = parseHubEventTypes(list);
  if (types.length === 0) {
    if (unknown.length === 0) throw invalidEventTypes('required');
    const names = unknown.slice(0, 20).map((name) => name.slice(0, 100));
    throw new AppError(
      'validation_failed',
      `No valid event types to unsubscribe: invalid event type(s): ${names.join(', ')}. ` +
        `Valid types are: ${hubEventTypeNames.join(', ')}`,
      {
        details: { event_types: names.map((name) => fault('invalid', `invalid event type: ${name}`)) },
      },
    );
  }
  if (types.length > MAX_EVENT_TYPES) throw invalidEventTypes('maxItems');
  const texts = types.map(({ text }) => text);
  return { wanted: texts.filter((text) => text !== GLOBAL), namesGlobal: texts.includes(GLOBAL) };
}

function invalidEventTypes(rule: string): AppError {
  const message = 'Invalid event_types body parameter';
  return new AppError('validation_failed', message, { details: { event_types: { [rule]: { message } } } });
}

function nothingRemoved(refusals: readonly { readonly error: string; readonly text: string }[]): AppError {
  const message = refusals.map(({ text }) => text).join('; ');
  return new AppError('validation_failed', message, {
    details: { event_types: refusals.map(({ error, text }) => fault(error, text)) },
  });
}

function fault(error: string, message: string): ListedFault {
  return { error, message };
}
