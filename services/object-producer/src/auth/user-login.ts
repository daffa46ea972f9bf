import type { LoginRequest, LoginResult, UserLoginResult } from '@ringdown/contracts';
import { emailKey } from '../domain/credential';
import { validationFailed } from '../domain/field-errors';
import type { Stores } from '../ports';
import { addressKey, type AttemptLimiter } from './attempt-limiter';
import type { Login } from './login';
import { hashForm, passwordForm, sameHash } from './password-hash';
import { DECOY_KDF, type UserAuth } from './user-auth';

/**
 * Logs a person in by e-mail address, or by username and account. An unknown address costs the same work as a wrong
 * password and gets the same answer.
 */
export class UserLogin {
  constructor(
    private readonly stores: Stores,
    private readonly userAuth: UserAuth,
    private readonly login: Login,
    private readonly limiter: AttemptLimiter,
  ) {}

  /** Errors: `validation_failed`, `unauthorized`, `locked`, `rate_limited`. */
  async run(request: LoginRequest): Promise<UserLoginResult> {
    const { email, ...named } = request;
    if ((email === undefined) === (named.username === undefined)) throw nameOneWay(email);
    const result =
      email === undefined ? await this.userAuth.run(named) : await this.byEmail(emailKey(email), request);
    return this.described(result);
  }

  private byEmail(email: string, { password, client_ip }: LoginRequest): Promise<LoginResult> {
    return this.limiter.attempt([addressKey(client_ip), `email:${email}`], async () => {
      const { accounts, credentials } = this.stores;
      const account = await accounts.findByLoginEmail(email);
      const user = await credentials.findByEmail(email);
      const form = passwordForm('md5', user?.username ?? email, password);
      const hash = await hashForm(account?.kdf ?? DECOY_KDF, form);
      return this.login.ofUser(account, sameHash(hash, user?.hashes?.md5) ? user : undefined);
    });
  }

  private async described(result: LoginResult): Promise<UserLoginResult> {
    const id = result.owner_id ?? '';
    const { doc } = await this.stores.documents.get({ accountId: result.account_id, type: 'user' }, id);
    const text = (member: string): string => (typeof doc[member] === 'string' ? doc[member] : '');
    return {
      ...result,
      owner_id: id,
      user: {
        id,
        username: text('username'),
        first_name: text('first_name'),
        last_name: text('last_name'),
        ...(text('email') === '' ? {} : { email: text('email') }),
      },
    };
  }
}

function nameOneWay(email: string | undefined): Error {
  return validationFailed({
    email:
      email === undefined
        ? { required: { message: 'Field is required but missing' } }
        : { invalid: { message: 'Name the user in one way only' } },
  });
}
