import { createHash } from 'node:crypto';
import { AppError, withDeadline } from '@ringdown/core';
import type { InvalidReason, Principal, PrincipalDirectory } from '@ringdown/auth';
import { ALL_ACCOUNTS } from './subscription-table';

/** The part of the directory that decides about access. */
export type AccessDirectory = Pick<
  PrincipalDirectory,
  'authenticateToken' | 'check' | 'mayAccess' | 'onChanged'
>;

/** Who is behind a token. Errors: `unauthorized`, `unavailable`. */
export type Authenticate = (token: string) => Promise<Principal>;

/**
 * Principals the directory does not know, with tokens of a kind of their own. They reach nothing but their own account;
 * what of it they may see is up to the dialect that lets them in.
 */
export interface Guests {
  includes(principal: Principal): boolean;
  /** Undefined when it still holds. Error: `unavailable`. */
  check(principal: Principal): Promise<InvalidReason | undefined>;
}

/** The directory, with guests beside those it knows. */
export function withGuests(directory: AccessDirectory, guests: Guests): AccessDirectory {
  return {
    authenticateToken: (token) => directory.authenticateToken(token),
    check: (principal) => (guests.includes(principal) ? guests : directory).check(principal),
    mayAccess: async (principal, accountId) =>
      !guests.includes(principal) && directory.mayAccess(principal, accountId),
    onChanged: (listener) => directory.onChanged(listener),
  };
}

/** A principal with the revision of rights under which it was found. */
export interface Identity {
  readonly principal: Principal;
  readonly tokenFingerprint: string;
  readonly revision: number;
}

/** How long a token given at an upgrade may take to be checked. */
const AUTHENTICATION_TIMEOUT_MS = 10_000;

/** By which a session recognises its token again without keeping it. */
export function fingerprintOf(token: string): string {
  return createHash('sha256').update(token).digest('base64');
}

/**
 * Who may see what. Answers carry the revision they were given under: a request that waited (for the broker, say) takes
 * effect only if nothing changed meanwhile or the answers were confirmed again, so that a revocation cannot slip
 * between the question and the act.
 */
export class Access {
  private changes = 0;

  constructor(private readonly directory: AccessDirectory) {
    directory.onChanged(() => (this.changes += 1));
  }

  /** Grows with every change of anybody's rights. */
  get revision(): number {
    return this.changes;
  }

  /**
   * Errors: `unauthorized`, `unavailable`, and `forbidden` when `current`, whom the socket belongs to already, is of
   * another account: its subscriptions were granted to that account.
   */
  async authenticate(token: string, current?: Principal): Promise<Principal> {
    const principal = await this.directory.authenticateToken(token);
    if (current !== undefined && current.accountId !== principal.accountId) {
      throw new AppError('forbidden', 'token of another account: open a new connection');
    }
    return principal;
  }

  /**
   * Who is behind a token given at the upgrade; by default the directory is asked. Errors: `unauthorized`, `unavailable`,
   * `timeout`.
   */
  async identify(
    token: string,
    authenticate: Authenticate = (given) => this.authenticate(given),
  ): Promise<Identity> {
    const revision = this.changes;
    const principal = await withDeadline(authenticate(token), AUTHENTICATION_TIMEOUT_MS, 'authentication');
    if (principal.expiresAtMs !== undefined && principal.expiresAtMs <= Date.now()) {
      throw new AppError('unauthorized', 'token expired');
    }
    return { principal, tokenFingerprint: fingerprintOf(token), revision };
  }

  /**
   * The account a subscription is for: one's own by default. Error: `forbidden` with the text of the Kazoo API,
   * `unavailable` when it cannot be found out.
   */
  async resolveAccount(principal: Principal, requested: string | undefined): Promise<string> {
    if (requested === undefined || requested === principal.accountId) return principal.accountId;
    if (requested === ALL_ACCOUNTS) {
      if (principal.isSuperAdmin) return ALL_ACCOUNTS;
      throw new AppError('forbidden', 'unauthorized wildcard account id');
    }
    if (requested !== '' && (await this.directory.mayAccess(principal, requested))) return requested;
    throw new AppError('forbidden', 'unauthorized account id');
  }

  /** Asks again and returns the revision for which the principal, and its access to the account, hold. */
  async confirm(principal: Principal, accountId: string | undefined): Promise<number> {
    const revision = this.changes;
    const reason = await this.directory.check(principal);
    if (reason !== undefined) {
      throw new AppError('unauthorized', 'authentication no longer valid', { details: { reason } });
    }
    if (accountId !== undefined) await this.resolveAccount(principal, accountId);
    return revision;
  }
}
