import { violatedConstraint } from '@ringdown/database';
import type { Selectable } from 'kysely';
import { invalidField } from '../domain/field-errors';
import type { Credential, PasswordHashes } from '../domain/credential';
import type { CredentialStore } from '../ports';
import { UNIQUE_EMAIL, UNIQUE_USERNAME } from './migrations';
import type { ObjectTables, Queries } from './tables';

/** Logins of users that exist. */
export class CredentialRepository implements CredentialStore {
  constructor(private readonly db: Queries) {}

  /** Errors: `validation_failed` when the username is taken in the account, or the address anywhere. */
  async insert(credential: Credential): Promise<void> {
    await refusingTaken(credential, () =>
      this.db
        .insertInto('credentials')
        .values({ user_id: credential.userId, account_id: credential.accountId, ...columns(credential) })
        .execute(),
    );
  }

  /** Errors: `validation_failed` when the username is taken in the account, or the address anywhere. */
  async update(credential: Credential): Promise<void> {
    await refusingTaken(credential, () =>
      this.db
        .updateTable('credentials')
        .set(columns(credential))
        .where('user_id', '=', credential.userId)
        .execute(),
    );
  }

  async markDeleted(userId: string): Promise<void> {
    await this.db
      .updateTable('credentials')
      .set((eb) => ({ deleted: true, epoch: eb('epoch', '+', 1) }))
      .where('user_id', '=', userId)
      .execute();
  }

  /** The addresses of the account's users are free for others. */
  async releaseEmails(accountId: string): Promise<void> {
    await this.db
      .updateTable('credentials')
      .set({ email_key: null })
      .where('account_id', '=', accountId)
      .execute();
  }

  /** Voids every token of the account's users. */
  async raiseEpochs(accountId: string): Promise<void> {
    await this.db
      .updateTable('credentials')
      .set((eb) => ({ epoch: eb('epoch', '+', 1) }))
      .where('account_id', '=', accountId)
      .execute();
  }

  async get(userId: string, options: { lock?: boolean } = {}): Promise<Credential | undefined> {
    let query = this.existing().where('user_id', '=', userId);
    if (options.lock) query = query.forUpdate();
    const row = await query.executeTakeFirst();
    return row && fromRow(row);
  }

  async findByUsername(accountId: string, username: string): Promise<Credential | undefined> {
    const row = await this.existing()
      .where('account_id', '=', accountId)
      .where('username_key', '=', username)
      .executeTakeFirst();
    return row && fromRow(row);
  }

  /** By the address as its key. */
  async findByEmail(email: string): Promise<Credential | undefined> {
    const row = await this.existing().where('email_key', '=', email).executeTakeFirst();
    return row && fromRow(row);
  }

  /** By a hash that only who knows username and password can name. */
  async findByHash(
    accountId: string,
    form: keyof PasswordHashes,
    hash: string,
  ): Promise<Credential | undefined> {
    const row = await this.existing()
      .where('account_id', '=', accountId)
      .where(form === 'md5' ? 'md5_hash' : 'sha_hash', '=', hash)
      .executeTakeFirst();
    return row && fromRow(row);
  }

  private existing() {
    return this.db.selectFrom('credentials').selectAll().where('deleted', '=', false);
  }
}

function columns(credential: Credential) {
  return {
    username_key: credential.username ?? null,
    email_key: credential.email ?? null,
    md5_hash: credential.hashes?.md5 ?? null,
    sha_hash: credential.hashes?.sha ?? null,
    enabled: credential.enabled,
    priv_level: credential.privLevel,
    epoch: credential.epoch,
    deleted: false,
  };
}

async function refusingTaken(credential: Credential, write: () => Promise<unknown>): Promise<void> {
  try {
    await write();
  } catch (error) {
    const constraint = violatedConstraint(error);
    if (constraint === UNIQUE_USERNAME) {
      throw invalidField('username', 'unique', {
        message: 'Username is not unique for this account',
        cause: credential.username,
      });
    }
    if (constraint === UNIQUE_EMAIL) {
      throw invalidField('email', 'unique', {
        message: 'Email address already in use',
        cause: credential.email,
      });
    }
    throw error;
  }
}

function fromRow(row: Selectable<ObjectTables['credentials']>): Credential {
  return {
    userId: row.user_id,
    accountId: row.account_id,
    username: row.username_key ?? undefined,
    email: row.email_key ?? undefined,
    hashes:
      row.md5_hash === null || row.sha_hash === null ? undefined : { md5: row.md5_hash, sha: row.sha_hash },
    enabled: row.enabled,
    privLevel: row.priv_level,
    epoch: row.epoch,
  };
}
