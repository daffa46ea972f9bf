import { AppError, randomHex } from '@ringdown/core';
import type {
  AccountView,
  DirectoryChange,
  InvalidReason,
  Principal,
  PrincipalDirectory,
} from '@ringdown/auth';

/** A directory whose accounts, tokens and answers a test decides. */
export class FakeDirectory implements PrincipalDirectory {
  ready = true;
  /** While true nothing can be asked. */
  unavailable = false;
  /** While set, questions wait for it. */
  gate: Promise<void> | undefined;
  readonly questions: string[] = [];
  private readonly principals = new Map<string, Principal>();
  private readonly invalid = new Map<string, InvalidReason>();
  private readonly accounts = new Map<string, AccountView>();
  private readonly listeners = new Set<(change: DirectoryChange) => void>();

  start(): Promise<void> {
    return Promise.resolve();
  }

  stop(): Promise<void> {
    return Promise.resolve();
  }

  /** `tree`: from the root to the parent. */
  addAccount(id: string, tree: readonly string[] = []): string {
    this.accounts.set(id, { id, name: id, realm: `${id}.example`, enabled: true, tree });
    return id;
  }

  removeAccount(id: string): void {
    this.accounts.delete(id);
    this.tell({ kind: 'principal', accountId: id });
  }

  disableAccount(id: string): void {
    this.accounts.set(id, { ...this.accounts.get(id)!, enabled: false });
    this.tell({ kind: 'principal', accountId: id });
  }

  /** A token of a user of the account. */
  tokenFor(accountId: string, given: Partial<Principal> = {}): string {
    const token = `eyJhbGciOiJIUzI1NiJ9.${randomHex(40)}.${randomHex(20)}`;
    this.principals.set(token, {
      accountId,
      userId: 'user-1',
      keyId: undefined,
      tokenId: randomHex(32),
      expiresAtMs: Date.now() + 3_600_000,
      epoch: 1,
      isAdmin: true,
      isSuperAdmin: false,
      ...given,
    });
    return token;
  }

  principalOf(token: string): Principal {
    return this.principals.get(token)!;
  }

  invalidate(token: string, reason: InvalidReason): void {
    this.invalid.set(this.principalOf(token).tokenId!, reason);
  }

  revoke(token: string): void {
    this.invalidate(token, 'revoked');
    this.tell({ kind: 'token', tokenId: this.principalOf(token).tokenId! });
  }

  tell(change: DirectoryChange): void {
    for (const listener of this.listeners) listener(change);
  }

  async authenticateToken(token: string): Promise<Principal> {
    await this.ask('authenticate');
    const principal = this.principals.get(token);
    if (!principal || (await this.reasonOf(principal)) !== undefined) {
      throw new AppError('unauthorized', 'invalid token');
    }
    return principal;
  }

  async check(principal: Principal): Promise<InvalidReason | undefined> {
    await this.ask('check');
    return this.reasonOf(principal);
  }

  async mayAccess(principal: Principal, accountId: string): Promise<boolean> {
    await this.ask(`access ${accountId}`);
    const account = this.accounts.get(accountId);
    if (!account) return false;
    return (
      principal.isSuperAdmin ||
      account.id === principal.accountId ||
      account.tree.includes(principal.accountId)
    );
  }

  async account(accountId: string): Promise<AccountView | undefined> {
    await this.ask(`account ${accountId}`);
    return this.accounts.get(accountId);
  }

  onChanged(listener: (change: DirectoryChange) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  private async ask(question: string): Promise<void> {
    this.questions.push(question);
    await this.gate;
    if (this.unavailable) throw new AppError('unavailable', 'authorization unavailable, try again');
  }

  private reasonOf(principal: Principal): Promise<InvalidReason | undefined> {
    const expired = principal.expiresAtMs !== undefined && principal.expiresAtMs <= Date.now();
    return Promise.resolve(expired ? 'expired' : this.invalid.get(principal.tokenId!));
  }
}
