import type { DescribeRequest, PrincipalState, Revocation } from '@ringdown/contracts';
import { forgetRows } from '@ringdown/database';
import { sql } from 'kysely';
import type { IdentityStore } from '../ports';
import type { Queries } from './tables';

/** Questions of the gateways: who is this, and which tokens are void. */
export class IdentityRepository implements IdentityStore {
  constructor(private readonly db: Queries) {}

  /** One round trip for account, user and key together. */
  async describe(request: DescribeRequest): Promise<PrincipalState> {
    const { account_id: accountId, owner_id: userId, key_id: keyId } = request;
    const row = await this.db
      .selectFrom('accounts')
      .innerJoin('documents', 'documents.id', 'accounts.id')
      .leftJoin('credentials', (join) =>
        join
          .onRef('credentials.account_id', '=', 'accounts.id')
          .on('credentials.user_id', '=', userId ?? null)
          .on('credentials.deleted', '=', false),
      )
      .leftJoin('api_keys', (join) =>
        join
          .onRef('api_keys.account_id', '=', 'accounts.id')
          .on('api_keys.id', '=', keyId ?? null)
          .on('api_keys.deleted', '=', false),
      )
      .select([
        'accounts.enabled as account_enabled',
        'accounts.tree',
        'accounts.superduper_admin',
        sql<string | null>`documents.doc ->> 'name'`.as('name'),
        sql<string | null>`documents.doc ->> 'realm'`.as('realm'),
        'credentials.user_id',
        'credentials.enabled as user_enabled',
        'credentials.priv_level',
        'credentials.epoch',
        'api_keys.id as key_id',
      ])
      .where('accounts.id', '=', accountId)
      .where('accounts.deleted', '=', false)
      .executeTakeFirst();

    const user =
      row && row.user_id !== null
        ? { id: row.user_id, enabled: row.user_enabled ?? false, priv_level: row.priv_level ?? 'user' }
        : null;
    return {
      account: row
        ? {
            id: accountId,
            name: row.name ?? '',
            realm: row.realm ?? '',
            enabled: row.account_enabled,
            tree: row.tree,
            superduper_admin: row.superduper_admin,
          }
        : null,
      ...(userId === undefined ? {} : { user }),
      ...(keyId === undefined ? {} : { api_key: row && row.key_id !== null ? { id: row.key_id } : null }),
      epoch: row?.epoch ?? 0,
    };
  }

  async revoke({ token_id, expires_at }: Revocation): Promise<void> {
    await this.db
      .insertInto('revocations')
      .values({ token_id, expires_at })
      .onConflict((conflict) => conflict.column('token_id').doNothing())
      .execute();
  }

  async revocationsAfter(unixSeconds: number): Promise<Revocation[]> {
    return this.db
      .selectFrom('revocations')
      .select(['token_id', 'expires_at'])
      .where('expires_at', '>', unixSeconds)
      .execute();
  }

  forgetRevocations(unixSeconds: number, limit: number): Promise<number> {
    const expired = {
      table: 'revocations',
      key: 'token_id',
      time: 'expires_at',
      until: unixSeconds,
    } as const;
    return forgetRows(this.db, expired, limit);
  }
}
