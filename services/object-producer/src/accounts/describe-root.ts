import { AppError } from '@ringdown/core';
import type { Stores } from '../ports';

export interface RootAccount {
  readonly account_id: string;
  readonly name: string;
  readonly realm?: string;
}

/** The account at the top of the tree. Errors: `not_found` on an empty database. */
export class DescribeRoot {
  constructor(private readonly stores: Stores) {}

  async run(): Promise<RootAccount> {
    const root = await this.stores.accounts.root();
    const { account } = root ? await this.stores.identity.describe({ account_id: root.id }) : {};
    if (!account) throw new AppError('not_found', 'there is no account yet');
    const { id, name, realm } = account;
    return { account_id: id, name, ...(realm === '' ? {} : { realm }) };
  }
}
