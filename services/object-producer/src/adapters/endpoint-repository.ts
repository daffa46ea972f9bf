import type { Endpoint } from '@ringdown/contracts';
import { toGregorianSeconds } from '@ringdown/core';
import { sql, type SqlBool } from 'kysely';
import type { EndpointScope, EndpointStore } from '../ports';
import { HAS_SIP_USERNAME } from './migrations';
import type { Queries } from './tables';

/** Devices with a SIP username, of accounts that exist, with what a switch's calls are attributed by. */
export class EndpointRepository implements EndpointStore {
  constructor(private readonly db: Queries) {}

  /** By device id; at most `limit`. */
  async list({ accountId, after, limit }: EndpointScope): Promise<Endpoint[]> {
    let devices = this.db
      .selectFrom('documents as device')
      .innerJoin('accounts', 'accounts.id', 'device.account_id')
      .innerJoin('documents as account', 'account.id', 'device.account_id')
      .leftJoin('documents as owner', (join) =>
        join
          .on('owner.id', '=', sql<string>`device.doc ->> 'owner_id'`)
          .onRef('owner.account_id', '=', 'device.account_id')
          .on('owner.type', '=', 'user')
          .on('owner.deleted', '=', false),
      )
      // Written as the index is: a parameter could not be matched to its condition.
      .where('device.type', '=', sql.lit('device'))
      .where('device.deleted', '=', sql.lit(false))
      .where(sql<SqlBool>`device.${sql.raw(HAS_SIP_USERNAME)}`)
      .where('accounts.deleted', '=', false);
    if (accountId !== undefined) devices = devices.where('device.account_id', '=', accountId);
    if (after !== undefined) devices = devices.where('device.id', '>', after);
    const rows = await devices
      .select([
        'device.id',
        'device.account_id',
        'device.created_at',
        sql<string>`device.doc #>> '{sip,username}'`.as('username'),
        sql<string | null>`device.doc ->> 'owner_id'`.as('owner_id'),
        sql<boolean>`device.doc -> 'enabled' is distinct from 'false'::jsonb`.as('device_enabled'),
        sql<string | null>`nullif(owner.doc ->> 'presence_id', '')`.as('presence_id'),
        'accounts.enabled as account_enabled',
        sql<string | null>`account.doc ->> 'name'`.as('account_name'),
        sql<string | null>`account.doc ->> 'realm'`.as('realm'),
      ])
      .orderBy('device.id')
      .limit(limit)
      .execute();
    return rows.map((row) => ({
      device_id: row.id,
      account_id: row.account_id,
      account_name: row.account_name ?? '',
      ...(row.realm === null ? {} : { realm: row.realm }),
      username: row.username,
      ...(row.owner_id === null ? {} : { owner_id: row.owner_id }),
      ...(row.presence_id === null ? {} : { presence_id: row.presence_id }),
      enabled: row.device_enabled && row.account_enabled,
      created: toGregorianSeconds(row.created_at),
    }));
  }
}
