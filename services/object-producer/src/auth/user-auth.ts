import type { LoginResult, UserAuthRequest } from '@ringdown/contracts';
import { accountNameKey, realmKey } from '../accounts/account-keys';
import type { Account } from '../domain/account';
import type { Credential } from '../domain/credential';
import type { Stores } from '../ports';
import { validationFailed } from '../domain/field-errors';
import { addressKey, type AttemptLimiter } from './attempt-limiter';
import type { Login } from './login';
import { hashForm, newKdf, passwordForm, sameHash } from './password-hash';

/** What the client proves itself with. */
type Proof =
  | { readonly kind: 'password'; readonly username: string; readonly password: string }
  | { readonly kind: 'form'; readonly form: 'md5' | 'sha'; readonly credentials: string };

/** Hashes for accounts that do not exist, so that they take as long as those that do. */
export const DECOY_KDF = newKdf();
const NOBODY = '';

/**
 * Logs a user in with name and password, or with a Kazoo form of both. An unknown account, an unknown user and a wrong
 * password cost the same work and get the same answer.
 */
export class UserAuth {
  constructor(
    private readonly stores: Stores,
    private readonly login: Login,
    private readonly limiters: { readonly precise: AttemptLimiter; readonly coarse: AttemptLimiter },
  ) {}

  /** Errors: `validation_failed`, `unauthorized`, `locked`, `rate_limited`. */
  async run(request: UserAuthRequest): Promise<LoginResult> {
    const proof = proofOf(request);
    const target = targetOf(request);
    const attempt = (): Promise<LoginResult> => this.attempt(request, proof);
    if (proof.kind === 'password') {
      return this.limiters.precise.attempt(
        [addressKey(request.client_ip), `user:${target}:${proof.username}`],
        attempt,
      );
    }
    // A form names no user, so all users of the account share a limit, a wider one.
    return this.limiters.precise.attempt([addressKey(request.client_ip)], () =>
      this.limiters.coarse.attempt([`account:${target}`], attempt),
    );
  }

  private async attempt(request: UserAuthRequest, proof: Proof): Promise<LoginResult> {
    const account = await this.findAccount(request);
    const user = await this.prove(account, proof);
    return this.login.ofUser(account, user);
  }

  private async prove(account: Account | undefined, proof: Proof): Promise<Credential | undefined> {
    const { credentials } = this.stores;
    const accountId = account?.id ?? NOBODY;
    const form = proof.kind === 'form' ? proof.form : 'md5';
    const given =
      proof.kind === 'form' ? proof.credentials : passwordForm('md5', proof.username, proof.password);
    const hash = await hashForm(account?.kdf ?? DECOY_KDF, given);
    const user =
      proof.kind === 'form'
        ? await credentials.findByHash(accountId, form, hash)
        : await credentials.findByUsername(accountId, proof.username);
    return sameHash(hash, user?.hashes?.[form]) ? user : undefined;
  }

  private findAccount(request: UserAuthRequest): Promise<Account | undefined> {
    const { accounts } = this.stores;
    if (request.account_name !== undefined) return accounts.findByName(request.account_name);
    if (request.account_realm !== undefined) return accounts.findByRealm(request.account_realm);
    return accounts.findByPhoneNumber(request.phone_number ?? '');
  }
}

function proofOf({ username, password, credentials, method }: UserAuthRequest): Proof {
  if (credentials !== undefined) {
    return { kind: 'form', form: method ?? 'md5', credentials: credentials.toLowerCase() };
  }
  if (username !== undefined && password !== undefined) {
    return { kind: 'password', username: username.toLowerCase(), password };
  }
  const required = { required: { message: 'Field is required but missing' } };
  if (username === undefined && password === undefined) throw validationFailed({ credentials: required });
  throw validationFailed(username === undefined ? { username: required } : { password: required });
}

/** The account as named, for counting attempts: also for accounts that do not exist. */
function targetOf({ account_name, account_realm, phone_number }: UserAuthRequest): string {
  const named = [account_name, account_realm, phone_number].filter((value) => value !== undefined);
  if (named.length !== 1) {
    const message = named.length === 0 ? 'Field is required but missing' : 'Name the account in one way only';
    throw validationFailed({ account_name: { [named.length === 0 ? 'required' : 'invalid']: { message } } });
  }
  if (account_name !== undefined) return `name:${accountNameKey(account_name)}`;
  if (account_realm !== undefined) return `realm:${realmKey(account_realm)}`;
  return `phone:${phone_number}`;
}
