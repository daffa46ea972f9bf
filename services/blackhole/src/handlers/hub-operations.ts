import { handle, type OperationHandler } from '@ringdown/broker';
import {
  listHubClients,
  socketIdOfClient,
  unsubscribeHubClient,
  type HubClientInfo,
} from '@ringdown/contracts';
import { AppError } from '@ringdown/core';
import type { Session } from '../core/session';
import type { SessionRegistry } from '../core/session-registry';
import type { HubDialect } from '../hub/hub-dialect';

interface Owner {
  readonly account_id: string;
  readonly user_id: string;
}

/** What REST asks this instance about its hub sockets. Only those of the owner it names are found. */
export function hubOperations(
  hub: HubDialect,
  registry: SessionRegistry,
  instance: string,
): readonly OperationHandler[] {
  const describe = (session: Session, owner: Owner): HubClientInfo | undefined => {
    const info = hub.describe(session);
    const isOwn = session.principal?.accountId === owner.account_id && info?.user_id === owner.user_id;
    return isOwn ? { ...info, destination: instance } : undefined;
  };
  return [
    handle(listHubClients, (owner) => {
      const clients = Array.from(registry.all(), (session) => describe(session, owner));
      return Promise.resolve({ clients: clients.filter((client) => client !== undefined) });
    }),
    handle(unsubscribeHubClient, async ({ client_id, event_types, ...owner }) => {
      const session = registry.get(socketIdOfClient(client_id) ?? '');
      if (session === undefined || describe(session, owner) === undefined) {
        throw new AppError('not_found', `client ${client_id} does not exist`);
      }
      const removed = hub.unsubscribe(session, event_types);
      const not_subscribed = event_types.filter((type) => !removed.includes(type));
      return { removed, not_subscribed };
    }),
  ];
}
