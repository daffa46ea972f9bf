import type { Lifecycle } from '@ringdown/core';
import type { InvalidReason, Principal } from './principal';

/** What an account looks like to whoever decides about access. */
export interface AccountView {
  readonly id: string;
  readonly name: string;
  readonly realm: string;
  readonly enabled: boolean;
  /** Ancestors from the root to the parent. */
  readonly tree: readonly string[];
}

/**
 * The cached view of accounts, principals and revocations that REST and sockets decide by. Asks object-producer, forgets
 * on `control.principal_changed`, loads the revocation list before it is ready and after every reconnect.
 *
 * While it cannot ask, every method throws AppError `unavailable` with the text `authorization unavailable, try again`;
 * never "allowed".
 */
export interface PrincipalDirectory extends Lifecycle {
  readonly ready: boolean;
  /** Errors: `unauthorized` (unknown, malformed, expired, revoked, disabled, deleted), `unavailable`. */
  authenticateToken(token: string): Promise<Principal>;
  /** Undefined when the principal still holds; synchronous callers get the answer from {@link onInvalidated}. */
  check(principal: Principal): Promise<InvalidReason | undefined>;
  /** Own account, a descendant, or super admin. False for an unknown or deleted account. */
  mayAccess(principal: Principal, accountId: string): Promise<boolean>;
  /** Undefined when unknown or deleted. */
  account(accountId: string): Promise<AccountView | undefined>;
  /**
   * Called when sessions must be checked again: a token was revoked, or a principal's account, user or key changed, or
   * everything (after a reconnect).
   */
  onChanged(listener: (change: DirectoryChange) => void): () => void;
}

export type DirectoryChange =
  | { readonly kind: 'token'; readonly tokenId: string }
  | {
      readonly kind: 'principal';
      readonly accountId: string;
      readonly userId?: string;
      readonly keyId?: string;
    }
  | { readonly kind: 'all' };
