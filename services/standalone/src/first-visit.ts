import { AppError, isAppError, messageOf, type Logger } from '@ringdown/core';
import type { Broker } from '@ringdown/broker';
import type { BootstrapSettings } from '@ringdown/config';
import { createDocument, listDocuments, userAuth, type LoginResult } from '@ringdown/contracts';

/** Who the bootstrap settings lead to in this database. */
export interface Visit {
  readonly accountId: string;
  readonly userId: string | undefined;
}

/**
 * Logs in as the super admin, as a person would, so that the banner tells only what is true. Undefined when the password
 * is not this database's: it keeps the one it was made with.
 */
export async function signIn(broker: Broker, bootstrap: BootstrapSettings): Promise<Visit | undefined> {
  const { accountName, username, password } = bootstrap;
  if (accountName === undefined || username === undefined || password === undefined) return undefined;
  let login: LoginResult;
  try {
    login = await broker.request(
      userAuth,
      { account_name: accountName, username, password, client_ip: '127.0.0.1' },
      { timeoutMs: 15_000 },
    );
  } catch (error) {
    const refused = isAppError(error) && ['unauthorized', 'locked', 'not_found'].includes(error.code);
    if (refused) return undefined;
    throw new AppError('unavailable', `The system started but does not answer (${messageOf(error)}).`, {
      cause: error,
    });
  }
  return { accountId: login.account_id, userId: login.owner_id };
}

/** The examples of the documentation name a device; one is made when the account has none. */
export async function ensureDemoDevice(broker: Broker, visit: Visit, logger: Logger): Promise<void> {
  const path = { account_id: visit.accountId, type: 'device' };
  try {
    const { docs } = await broker.request(listDocuments, { ...path, query: { page_size: 1 } });
    if (docs.length > 0) return;
    await broker.request(createDocument, {
      ...path,
      actor: { account_id: visit.accountId, user_id: visit.userId },
      data: {
        name: 'Demo telephone',
        ...(visit.userId === undefined ? {} : { owner_id: visit.userId }),
      },
    });
  } catch (error) {
    logger.warn('the demo device could not be made', { error });
  }
}
