import { AppError, toGregorianSeconds } from '@ringdown/core';
import { handle, type OperationHandler } from '@ringdown/broker';
import { closeSocket, getSocket, listSockets, type SocketInfo } from '@ringdown/contracts';
import { closeReasons } from '../core/close-codes';
import type { Session } from '../core/session';
import type { SessionRegistry } from '../core/session-registry';
import { textsOf } from '../core/subscriptions';

/** What REST asks this instance about its sockets. Only sockets of the accounts the asker named are found. */
export function socketOperations(registry: SessionRegistry, instance: string): readonly OperationHandler[] {
  const find = (accountIds: readonly string[], socketId: string): Session => {
    const session = registry.get(socketId);
    const accountId = session?.principal?.accountId;
    if (session === undefined || accountId === undefined || !accountIds.includes(accountId)) {
      throw new AppError('not_found', `no socket ${socketId}`);
    }
    return session;
  };
  return [
    handle(listSockets, ({ account_ids }) => {
      const wanted = new Set(account_ids);
      const sockets: SocketInfo[] = [];
      for (const session of registry.all()) {
        if (session.principal !== undefined && wanted.has(session.principal.accountId)) {
          sockets.push(describe(session, instance));
        }
      }
      return Promise.resolve({ sockets });
    }),
    handle(getSocket, async ({ account_ids, socket_id }) => describe(find(account_ids, socket_id), instance)),
    handle(closeSocket, async ({ account_ids, socket_id }) => {
      const session = find(account_ids, socket_id);
      const info = describe(session, instance);
      session.close(closeReasons.closedByOperator);
      return info;
    }),
  ];
}

function describe(session: Session, instance: string): SocketInfo {
  return {
    websocket_session_id: session.id,
    bindings: textsOf(session),
    timestamp: toGregorianSeconds(session.connectedAtMs),
    destination: instance,
    source: session.remote.address,
    account_id: session.principal!.accountId,
    ...(session.name === undefined ? {} : { name: session.name }),
    ...(session.metadata === undefined ? {} : { metadata: session.metadata }),
  };
}
