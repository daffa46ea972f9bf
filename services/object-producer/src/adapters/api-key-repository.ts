import type { ListQuery } from '@ringdown/contracts';
import type { ApiKey } from '../domain/api-key';
import { notFound } from '../domain/document';
import { decodePageKey, encodePageKey } from '../domain/page-key';
import type { ApiKeyPage, ApiKeyStore } from '../ports';
import type { Queries } from './tables';

const DEFAULT_PAGE_SIZE = 50;

/** Keys that exist, in accounts that exist. */
export class ApiKeyRepository implements ApiKeyStore {
  constructor(private readonly db: Queries) {}

  async insert(key: ApiKey, hash: string): Promise<void> {
    await this.db
      .insertInto('api_keys')
      .values({
        id: key.id,
        account_id: key.accountId,
        name: key.name ?? null,
        key_hash: hash,
        created_at: key.createdAt,
        deleted: false,
      })
      .execute();
  }

  async replaceHash(id: string, hash: string): Promise<void> {
    await this.db.updateTable('api_keys').set({ key_hash: hash }).where('id', '=', id).execute();
  }

  /** Errors: `not_found`. */
  async delete(accountId: string, id: string): Promise<ApiKey> {
    const row = await this.db
      .updateTable('api_keys')
      .set({ deleted: true })
      .where('id', '=', id)
      .where('account_id', '=', accountId)
      .where('deleted', '=', false)
      .returningAll()
      .executeTakeFirst();
    if (!row) throw notFound(id);
    return fromRow(row);
  }

  async findByHash(hash: string): Promise<ApiKey | undefined> {
    const row = await this.db
      .selectFrom('api_keys')
      .selectAll()
      .where('key_hash', '=', hash)
      .where('deleted', '=', false)
      .executeTakeFirst();
    return row && fromRow(row);
  }

  /** In the order of creation. Of the query only paging counts. */
  async list(accountId: string, query: ListQuery): Promise<ApiKeyPage> {
    const pageSize = query.page_size ?? DEFAULT_PAGE_SIZE;
    let rows = this.db
      .selectFrom('api_keys')
      .selectAll()
      .where('account_id', '=', accountId)
      .where('deleted', '=', false);
    if (query.start_key !== undefined) {
      rows = rows.where('seq', query.descending ? '<=' : '>=', decodePageKey(query.start_key));
    }
    const found = await rows
      .orderBy('seq', query.descending ? 'desc' : 'asc')
      .limit(pageSize + 1)
      .execute();
    const next = found[pageSize];
    return {
      keys: found.slice(0, pageSize).map(fromRow),
      pageSize,
      nextStartKey: next && encodePageKey(next.seq),
    };
  }
}

function fromRow(row: { id: string; account_id: string; name: string | null; created_at: number }): ApiKey {
  return { id: row.id, accountId: row.account_id, name: row.name ?? undefined, createdAt: row.created_at };
}
