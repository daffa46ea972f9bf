import type { ListQuery, ListResult } from '@ringdown/contracts';
import type { Stores } from '../ports';
import { listResult } from '../documents/list-documents';

export interface ListAccountsRequest {
  readonly account_id: string;
  readonly scope: 'children' | 'descendants';
  readonly query: ListQuery;
}

/** The accounts below an account, as `id`, `name`, `realm`, `tree`. Errors: `not_found`. */
export class ListAccounts {
  constructor(private readonly stores: Stores) {}

  async run({ account_id: accountId, scope, query }: ListAccountsRequest): Promise<ListResult> {
    await this.stores.accounts.get(accountId);
    const page = await this.stores.documents.listAccounts(accountId, scope, query);
    const trees = await this.stores.accounts.treesOf(page.documents.map(({ id }) => id));
    return listResult(page, query, ({ id, doc }) => ({
      id,
      name: doc['name'],
      realm: doc['realm'],
      tree: trees.get(id) ?? [],
    }));
  }
}
