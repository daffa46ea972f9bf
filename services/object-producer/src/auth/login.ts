import type { TokenCodec } from '@ringdown/auth';
import type { LoginResult } from '@ringdown/contracts';
import { AppError, type JsonObject } from '@ringdown/core';
import type { Account } from '../domain/account';
import type { Credential } from '../domain/credential';
import type { Stores } from '../ports';

/** Who logs in, after the proof. */
export interface LoginSubject {
  readonly account: Account;
  readonly userId?: string;
  readonly keyId?: string;
  readonly epoch: number;
  readonly method: 'user_auth' | 'api_auth';
}

/** The last step of every login: a token and what REST tells with it. Errors: `locked` when the account is disabled. */
export class Login {
  constructor(
    private readonly stores: Stores,
    private readonly codec: TokenCodec,
    private readonly tokenTtlS: number,
  ) {}

  /** Of a user who proved to be one; undefined: did not. Errors: `unauthorized`, `locked`. */
  ofUser(account: Account | undefined, user: Credential | undefined): Promise<LoginResult> {
    if (!account || !user) {
      throw new AppError('unauthorized', 'invalid_credentials', {
        details: { message: 'invalid credentials' },
      });
    }
    if (!user.enabled) throw new AppError('locked', 'user disabled');
    return this.run({ account, userId: user.userId, epoch: user.epoch, method: 'user_auth' });
  }

  async run({ account, userId, keyId, epoch, method }: LoginSubject): Promise<LoginResult> {
    if (!account.enabled) throw new AppError('locked', 'account disabled');
    const { doc } = await this.stores.documents.get({ accountId: account.id, type: 'account' }, account.id);
    const signed = this.codec.sign({ accountId: account.id, userId, keyId, epoch, method }, this.tokenTtlS);
    return {
      auth_token: signed.token,
      expires_at: signed.expiresAtMs,
      account_id: account.id,
      account_name: textOr(doc, 'name', ''),
      ...(userId === undefined ? {} : { owner_id: userId }),
      is_master_account: account.superduperAdmin,
      language: textOr(doc, 'language', 'en-us'),
    };
  }
}

function textOr(doc: JsonObject, member: string, otherwise: string): string {
  const value = doc[member];
  return typeof value === 'string' ? value : otherwise;
}
