import type { Broker } from '@ringdown/broker';
import { describePrincipal } from '@ringdown/contracts';
import { AppError } from '@ringdown/core';
import type { Accounts, AccountState } from '../ports';

const TIMEOUT_MS = 3_000;

/**
 * Asks the keeper of accounts each time: an answer that was kept could be wrong from the moment on at which it matters, and
 * what asks here writes to the database anyway.
 */
export class AskedAccounts implements Accounts {
  constructor(private readonly broker: Pick<Broker, 'request'>) {}

  async stateOf(accountId: string): Promise<AccountState> {
    try {
      const question = { account_id: accountId };
      const { account } = await this.broker.request(describePrincipal, question, { timeoutMs: TIMEOUT_MS });
      if (!account) return 'deleted';
      return account.enabled ? 'enabled' : 'disabled';
    } catch (cause) {
      throw new AppError('unavailable', 'authorization unavailable, try again', { cause });
    }
  }
}
