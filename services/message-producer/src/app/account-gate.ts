import { AppError } from '@ringdown/core';
import type { Accounts } from '../ports';

/**
 * For those who are authenticated here and not by the gateway, visitors and sources: whoever recognises them must also ask
 * whether their account may still do anything.
 */
export class AccountGate {
  constructor(private readonly accounts: Accounts) {}

  /**
   * `whenDeleted`: what who asks would get if nothing of the account were known. Errors: that one, `locked` (disabled),
   * `unavailable`.
   */
  async pass(accountId: string, whenDeleted: () => AppError): Promise<void> {
    const state = await this.accounts.stateOf(accountId);
    if (state === 'deleted') throw whenDeleted();
    if (state === 'disabled') throw new AppError('locked', 'account disabled');
  }
}
