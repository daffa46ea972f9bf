import type { Principal, PrincipalDirectory } from '@ringdown/auth';
import { AppError } from '@ringdown/core';

/** What the form of our account ids is; anything else is not worth a question to another service. */
const accountIdForm = /^[0-9a-f]{32}$/;

/**
 * Who may do what under `/accounts/{A}`:
 * - administrators (and API keys) administer their own account and every account below it;
 * - a plain user may read its own account and act on its own calls;
 * - the super admin may do everything, everywhere.
 *
 * A stranger's account and an account that does not exist get the same 403, so that existence does not leak; only the
 * super admin, who may see every account, is told 404.
 */
export class Access {
  constructor(private readonly directory: Pick<PrincipalDirectory, 'mayAccess'>) {}

  /** Errors: `forbidden`, `not_found`, `unavailable`. */
  async toRead(principal: Principal, accountId: string): Promise<void> {
    if (!principal.isAdmin && accountId !== principal.accountId) throw forbidden();
    if (accountIdForm.test(accountId) && (await this.directory.mayAccess(principal, accountId))) return;
    if (principal.isSuperAdmin)
      throw new AppError('not_found', 'no such account', { details: { id: accountId } });
    throw forbidden();
  }

  /** Errors: `forbidden`, `not_found`, `unavailable`. */
  async toAdminister(principal: Principal, accountId: string): Promise<void> {
    if (!principal.isAdmin) throw forbidden();
    await this.toRead(principal, accountId);
  }

  /**
   * A document: administrators, or a user its own user document, except for what decides about rights.
   * Errors as {@link toAdminister}.
   */
  async toChange(principal: Principal, accountId: string, type: string, id: string): Promise<void> {
    if (isOwnUser(principal, accountId, type, id)) return this.toRead(principal, accountId);
    return this.toAdminister(principal, accountId);
  }

  /**
   * A command to a live call: administrators, or a plain user on a call of its own. `ownerOf` is asked only for plain
   * users. Errors as {@link toAdminister}, or what `ownerOf` throws.
   */
  async toCommand(
    principal: Principal,
    accountId: string,
    ownerOf: () => Promise<string | undefined>,
  ): Promise<void> {
    await this.toRead(principal, accountId);
    if (principal.isAdmin) return;
    const owner = await ownerOf();
    if (owner === undefined || owner !== principal.userId) throw forbidden();
  }

  /** Refuses what would give a plain user more rights. To be called with the body of what {@link toChange} let through. */
  checkOwnChange(principal: Principal, data: Readonly<Record<string, unknown>>): void {
    if (principal.isAdmin) return;
    // A plain user that got here is enabled and of level `user`; saying so again (or nothing) changes nothing.
    const keepsLevel = data['priv_level'] === undefined || data['priv_level'] === 'user';
    const staysEnabled = data['enabled'] === undefined || data['enabled'] === true;
    if (!keepsLevel || !staysEnabled)
      throw forbidden('only an administrator may change priv_level and enabled');
  }
}

function isOwnUser(principal: Principal, accountId: string, type: string, id: string): boolean {
  return (
    type === 'user' &&
    accountId === principal.accountId &&
    principal.userId !== undefined &&
    id === principal.userId
  );
}

function forbidden(message = 'forbidden'): AppError {
  return new AppError('forbidden', message);
}
