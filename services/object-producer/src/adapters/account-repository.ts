import { violatedConstraint } from '@ringdown/database';
import { sql, type Selectable, type SqlBool } from 'kysely';
import { accountNameKey, realmKey } from '../accounts/account-keys';
import type { Account, AccountNames } from '../domain/account';
import { notFound } from '../domain/document';
import { invalidField } from '../domain/field-errors';
import type { AccountStore } from '../ports';
import { UNIQUE_ACCOUNT_NAME, UNIQUE_ACCOUNT_REALM } from './migrations';
import type { ObjectTables, Queries } from './tables';

/** Accounts that exist; deleted ones are as good as unknown. */
export class AccountRepository implements AccountStore {
  constructor(private readonly db: Queries) {}

  /** Errors: `validation_failed` when name or realm is taken. */
  async insert(account: Account, names: AccountNames): Promise<void> {
    await refusingTaken(names, () =>
      this.db
        .insertInto('accounts')
        .values({
          id: account.id,
          parent_id: account.parentId ?? null,
          tree: [...account.tree],
          name_key: accountNameKey(names.name),
          realm_key: realmKey(names.realm),
          enabled: names.enabled,
          superduper_admin: account.superduperAdmin,
          deleted: false,
          kdf: account.kdf,
        })
        .execute(),
    );
  }

  /** Errors: `validation_failed` when name or realm is taken. */
  async rename(id: string, names: AccountNames): Promise<void> {
    await refusingTaken(names, () =>
      this.db
        .updateTable('accounts')
        .set({
          name_key: accountNameKey(names.name),
          realm_key: realmKey(names.realm),
          enabled: names.enabled,
        })
        .where('id', '=', id)
        .execute(),
    );
  }

  async markDeleted(id: string): Promise<void> {
    await this.db.updateTable('accounts').set({ deleted: true }).where('id', '=', id).execute();
  }

  /**
   * Errors: `not_found`. `share` keeps the account from being deleted until the transaction ends, `update` keeps
   * children from being made as well.
   */
  async get(id: string, lock?: 'share' | 'update'): Promise<Account> {
    let query = this.existing().where('id', '=', id);
    if (lock === 'share') query = query.forShare();
    if (lock === 'update') query = query.forUpdate();
    const row = await query.executeTakeFirst();
    if (!row) throw notFound(id);
    return fromRow(row);
  }

  async root(): Promise<Account | undefined> {
    const row = await this.existing().where('superduper_admin', '=', true).executeTakeFirst();
    return row && fromRow(row);
  }

  async hasChildren(id: string): Promise<boolean> {
    const row = await this.existing().where('parent_id', '=', id).limit(1).executeTakeFirst();
    return row !== undefined;
  }

  async treesOf(ids: readonly string[]): Promise<ReadonlyMap<string, readonly string[]>> {
    if (ids.length === 0) return new Map();
    const rows = await this.db.selectFrom('accounts').select(['id', 'tree']).where('id', 'in', ids).execute();
    return new Map(rows.map(({ id, tree }) => [id, tree]));
  }

  async findByLoginEmail(email: string): Promise<Account | undefined> {
    const row = await this.existing()
      .where('id', 'in', ({ selectFrom }) =>
        selectFrom('credentials')
          .select('account_id')
          .where('email_key', '=', email)
          .where('deleted', '=', false),
      )
      .executeTakeFirst();
    return row && fromRow(row);
  }

  async findByName(name: string): Promise<Account | undefined> {
    const row = await this.existing().where('name_key', '=', accountNameKey(name)).executeTakeFirst();
    return row && fromRow(row);
  }

  async findByRealm(realm: string): Promise<Account | undefined> {
    const row = await this.existing().where('realm_key', '=', realmKey(realm)).executeTakeFirst();
    return row && fromRow(row);
  }

  /** The account one of whose callflows answers the number; undefined also when several claim it. */
  async findByPhoneNumber(number: string): Promise<Account | undefined> {
    const rows = await this.existing()
      .where(({ exists, selectFrom }) =>
        exists(
          selectFrom('documents')
            .select('documents.id')
            .whereRef('documents.account_id', '=', 'accounts.id')
            .where('documents.type', '=', 'callflow')
            .where('documents.deleted', '=', false)
            .where(sql<SqlBool>`documents.doc @> ${JSON.stringify({ numbers: [number] })}::jsonb`),
        ),
      )
      .limit(2)
      .execute();
    return rows.length === 1 && rows[0] ? fromRow(rows[0]) : undefined;
  }

  private existing() {
    return this.db.selectFrom('accounts').selectAll().where('deleted', '=', false);
  }
}

async function refusingTaken(names: AccountNames, write: () => Promise<unknown>): Promise<void> {
  try {
    await write();
  } catch (error) {
    const constraint = violatedConstraint(error);
    if (constraint === UNIQUE_ACCOUNT_NAME) {
      throw invalidField('name', 'unique', { message: 'Account name already in use', cause: names.name });
    }
    if (constraint === UNIQUE_ACCOUNT_REALM) {
      throw invalidField('realm', 'unique', { message: 'Account realm already in use', cause: names.realm });
    }
    throw error;
  }
}

function fromRow(row: Selectable<ObjectTables['accounts']>): Account {
  return {
    id: row.id,
    parentId: row.parent_id ?? undefined,
    tree: row.tree,
    enabled: row.enabled,
    superduperAdmin: row.superduper_admin,
    kdf: row.kdf,
  };
}
