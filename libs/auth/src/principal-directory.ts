import {
  AppError,
  backoffMs,
  messageOf,
  pause,
  systemClock,
  type Clock,
  type Lifecycle,
  type Logger,
} from '@ringdown/core';
import {
  describePrincipal,
  listRevocations,
  type ControlMessages,
  type ControlName,
  type DescribeRequest,
  type Operation,
  type PrincipalState,
} from '@ringdown/contracts';
import { LRUCache } from 'lru-cache';
import type { InvalidReason, Principal } from './principal';
import type { TokenClaims, TokenCodec } from './token-codec';

/** What an account looks like to whoever decides about access. */
export interface AccountView {
  readonly id: string;
  readonly name: string;
  readonly realm: string;
  readonly enabled: boolean;
  /** Ancestors from the root to the parent. */
  readonly tree: readonly string[];
}

/** What open sessions must be checked again for. */
export type DirectoryChange =
  | { readonly kind: 'token'; readonly tokenId: string }
  | {
      readonly kind: 'principal';
      readonly accountId: string;
      readonly userId?: string;
      readonly keyId?: string;
    }
  | { readonly kind: 'all' };

/**
 * The cached view of accounts, principals and revocations that REST and sockets decide by. Asks object-producer, forgets
 * on `control.principal_changed`, loads the revocation list before it is ready and after every reconnect.
 *
 * While it cannot ask, every method throws AppError `unavailable` with the text `authorization unavailable, try again`;
 * never "allowed".
 */
export interface PrincipalDirectory extends Lifecycle {
  /** False until the revocation list is loaded, and again from a reconnect until it is loaded anew. */
  readonly ready: boolean;
  /** Errors: `unauthorized` (unknown, malformed, expired, revoked, disabled, deleted), `unavailable`. */
  authenticateToken(token: string): Promise<Principal>;
  /** Undefined when the principal still holds. */
  check(principal: Principal): Promise<InvalidReason | undefined>;
  /** Own account, a descendant, or super admin. False for an unknown or deleted account. */
  mayAccess(principal: Principal, accountId: string): Promise<boolean>;
  /** Undefined when unknown or deleted. */
  account(accountId: string): Promise<AccountView | undefined>;
  /**
   * Called when sessions must be checked again: a token was revoked, or a principal's account, user or key changed, or
   * everything (after a reconnect). Caches are already dropped when it is called.
   */
  onChanged(listener: (change: DirectoryChange) => void): () => void;
}

/** The part of the broker the directory needs; any `Broker` fits. */
export interface DirectoryBroker {
  status(): { readonly state: string };
  onStatus(listener: (status: { readonly state: string }) => void): () => void;
  request<Request, Response>(
    operation: Operation<Request, Response>,
    payload: Request,
    options?: { readonly timeoutMs?: number },
  ): Promise<Response>;
  onControl<Name extends ControlName>(
    name: Name,
    listener: (body: ControlMessages[Name]) => void,
  ): () => void;
  onResync(listener: () => Promise<void>): () => void;
}

export interface PrincipalDirectoryOptions {
  readonly broker: DirectoryBroker;
  readonly tokens: TokenCodec;
  readonly logger: Logger;
  readonly clock?: Clock;
  /** Entries kept. Default 20,000. */
  readonly cacheSize?: number;
  /** A net below the change notices, in milliseconds. Default 60,000. */
  readonly cacheTtlMs?: number;
  /** How long one question may take. Default 3,000. */
  readonly timeoutMs?: number;
}

export function createPrincipalDirectory(options: PrincipalDirectoryOptions): PrincipalDirectory {
  return new CachedPrincipalDirectory(options);
}

const UNAVAILABLE_TEXT = 'authorization unavailable, try again';
/** A question overtaken by a change is asked again; under a storm of changes the caller is told to retry. */
const MAX_QUESTIONS = 3;
const MIN_SWEEP = 1_000;
/** Clients name accounts in any way they like: what cannot be one is neither asked for nor kept in the cache. */
const ACCOUNT_ID = /^[\w-]{1,64}$/;

class CachedPrincipalDirectory implements PrincipalDirectory {
  private readonly clock: Clock;
  private readonly timeoutMs: number;
  private readonly states: LRUCache<string, PrincipalState>;
  private readonly underWay = new Map<string, Promise<PrincipalState>>();
  /** Token id -> unix seconds of its expiry, after which the entry means nothing. */
  private readonly revoked = new Map<string, number>();
  /** The size at which expired entries are looked for; doubling keeps that cheap. */
  private sweepAt = MIN_SWEEP;
  private readonly listeners = new Set<(change: DirectoryChange) => void>();
  private readonly unsubscribe: (() => void)[] = [];
  private readonly stopping = new AbortController();
  /** Counts changes; an answer to a question asked before a change is not kept. */
  private generation = 0;
  private loadedOnce = false;
  /** Sessions are to be checked as soon as questions are answered again. */
  private checkAllWhenReady = false;
  private loading: Promise<void> | undefined;
  private started = false;

  constructor(private readonly options: PrincipalDirectoryOptions) {
    this.clock = options.clock ?? systemClock;
    this.timeoutMs = options.timeoutMs ?? 3_000;
    this.states = new LRUCache({ max: options.cacheSize ?? 20_000, ttl: options.cacheTtlMs ?? 60_000 });
  }

  get ready(): boolean {
    return this.loadedOnce && this.loading === undefined && this.connected();
  }

  /** Returns at once: the revocation list is loaded in the background, because whoever keeps it may start later. */
  start(): Promise<void> {
    if (this.started) return Promise.resolve();
    this.started = true;
    const { broker } = this.options;
    this.unsubscribe.push(
      broker.onControl('token_revoked', ({ token_id, expires_at }) =>
        this.tokenRevoked(token_id, expires_at),
      ),
      broker.onControl('principal_changed', (change) => {
        this.forget();
        this.tell({
          kind: 'principal',
          accountId: change.account_id,
          ...(change.user_id === undefined ? {} : { userId: change.user_id }),
          ...(change.key_id === undefined ? {} : { keyId: change.key_id }),
        });
      }),
      broker.onResync(() => this.resync()),
      broker.onStatus(() => this.tellAllWhenReady()),
    );
    this.loadInBackground();
    return Promise.resolve();
  }

  stop(): Promise<void> {
    this.stopping.abort();
    for (const end of this.unsubscribe.splice(0)) end();
    this.listeners.clear();
    return this.loading ?? Promise.resolve();
  }

  async authenticateToken(token: string): Promise<Principal> {
    const claims = this.options.tokens.verify(token);
    this.requireReady();
    const state = await this.describe({
      account_id: claims.accountId,
      owner_id: claims.userId,
      key_id: claims.keyId,
    });
    const principal = toPrincipal(claims, state);
    const reason = this.invalidReason(principal, state);
    if (reason) throw new AppError('unauthorized', 'invalid token', { details: { reason } });
    return principal;
  }

  async check(principal: Principal): Promise<InvalidReason | undefined> {
    if (this.hasExpired(principal)) return 'expired';
    this.requireReady();
    const state = await this.describe({
      account_id: principal.accountId,
      owner_id: principal.userId,
      key_id: principal.keyId,
    });
    return this.invalidReason(principal, state);
  }

  async mayAccess(principal: Principal, accountId: string): Promise<boolean> {
    const account = await this.account(accountId);
    if (!account) return false;
    return (
      principal.isSuperAdmin ||
      account.id === principal.accountId ||
      account.tree.includes(principal.accountId)
    );
  }

  async account(accountId: string): Promise<AccountView | undefined> {
    this.requireReady();
    if (!ACCOUNT_ID.test(accountId)) return undefined;
    const { account } = await this.describe({ account_id: accountId });
    return account ?? undefined;
  }

  onChanged(listener: (change: DirectoryChange) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  private invalidReason(principal: Principal, state: PrincipalState): InvalidReason | undefined {
    if (this.hasExpired(principal)) return 'expired';
    if (principal.tokenId !== undefined && this.revoked.has(principal.tokenId)) return 'revoked';
    if (!state.account) return 'deleted';
    if (!state.account.enabled) return 'disabled';
    if (principal.userId !== undefined) {
      if (!state.user) return 'deleted';
      if (!state.user.enabled) return 'disabled';
    }
    if (principal.keyId !== undefined && !state.api_key) return 'deleted';
    if (principal.epoch !== state.epoch) return 'revoked';
    const rights = rightsOf(principal, state);
    const lost = (principal.isAdmin && !rights.isAdmin) || (principal.isSuperAdmin && !rights.isSuperAdmin);
    return lost ? 'revoked' : undefined;
  }

  private hasExpired(principal: Principal): boolean {
    return principal.expiresAtMs !== undefined && principal.expiresAtMs <= this.clock();
  }

  private connected(): boolean {
    const { state } = this.options.broker.status();
    return state === 'ready' || state === 'blocked';
  }

  /** What is cached counts only while changes of it would be heard. */
  private requireReady(): void {
    if (!this.ready) throw new AppError('unavailable', UNAVAILABLE_TEXT);
  }

  private async describe(question: DescribeRequest): Promise<PrincipalState> {
    const key = `${question.account_id} ${question.owner_id ?? ''} ${question.key_id ?? ''}`;
    const known = this.states.get(key);
    if (known) return known;
    const asked = this.underWay.get(key);
    if (asked) return asked;
    const answer = this.ask(key, question).finally(() => {
      if (this.underWay.get(key) === answer) this.underWay.delete(key);
    });
    this.underWay.set(key, answer);
    return answer;
  }

  private async ask(key: string, question: DescribeRequest): Promise<PrincipalState> {
    for (let attempt = 0; attempt < MAX_QUESTIONS; attempt += 1) {
      const generation = this.generation;
      let state: PrincipalState;
      try {
        state = await this.options.broker.request(describePrincipal, question, { timeoutMs: this.timeoutMs });
      } catch (cause) {
        throw new AppError('unavailable', UNAVAILABLE_TEXT, { cause });
      }
      if (generation === this.generation) {
        this.states.set(key, state);
        return state;
      }
    }
    throw new AppError('unavailable', UNAVAILABLE_TEXT);
  }

  private tokenRevoked(tokenId: string, expiresAt: number): void {
    this.remember(tokenId, expiresAt);
    this.tell({ kind: 'token', tokenId });
  }

  private remember(tokenId: string, expiresAt: number): void {
    this.revoked.set(tokenId, expiresAt);
    if (this.revoked.size < this.sweepAt) return;
    const now = this.clock() / 1000;
    for (const [id, expiry] of this.revoked) if (expiry <= now) this.revoked.delete(id);
    this.sweepAt = Math.max(MIN_SWEEP, 2 * this.revoked.size);
  }

  /** An account's place and state touches all below it, so a change drops everything; asking again is cheap. */
  private forget(): void {
    this.generation += 1;
    this.states.clear();
    this.underWay.clear();
  }

  private tell(change: DirectoryChange): void {
    for (const listener of this.listeners) listener(change);
  }

  /**
   * Changes may have been missed: forget, load the revocations again, have every session checked. The broker is ready
   * only after this has ended, so the sessions wait for its word.
   */
  private async resync(): Promise<void> {
    this.forget();
    this.checkAllWhenReady = true;
    try {
      await this.loadRevocations();
    } catch (error) {
      this.options.logger.warn('revocations not loaded yet', { error: messageOf(error) });
      this.loadInBackground();
    }
  }

  private tellAllWhenReady(): void {
    if (!this.checkAllWhenReady || !this.ready) return;
    this.checkAllWhenReady = false;
    this.tell({ kind: 'all' });
  }

  private loadInBackground(): void {
    this.checkAllWhenReady = true;
    this.loading ??= this.loadUntilDone().finally(() => {
      this.loading = undefined;
      if (!this.stopping.signal.aborted) this.tellAllWhenReady();
    });
  }

  private async loadUntilDone(): Promise<void> {
    for (let attempt = 0; !this.stopping.signal.aborted; attempt += 1) {
      try {
        await this.loadRevocations();
        return;
      } catch (error) {
        this.options.logger.debug('revocations not loaded yet', { attempt, error: messageOf(error) });
        await pause(backoffMs(attempt, { initialMs: 50, maxMs: 1_000 }), this.stopping.signal);
      }
    }
  }

  private async loadRevocations(): Promise<void> {
    const { revocations } = await this.options.broker.request(
      listRevocations,
      {},
      { timeoutMs: this.timeoutMs },
    );
    for (const { token_id, expires_at } of revocations) this.remember(token_id, expires_at);
    this.loadedOnce = true;
  }
}

function toPrincipal(claims: TokenClaims, state: PrincipalState): Principal {
  return {
    accountId: claims.accountId,
    userId: claims.userId,
    keyId: claims.keyId,
    tokenId: claims.tokenId,
    expiresAtMs: claims.expiresAtMs,
    epoch: claims.epoch,
    ...rightsOf(claims, state),
  };
}

function rightsOf(
  { userId }: Pick<Principal, 'userId'>,
  state: PrincipalState,
): Pick<Principal, 'isAdmin' | 'isSuperAdmin'> {
  const isAdmin = userId === undefined || state.user?.priv_level === 'admin';
  return { isAdmin, isSuperAdmin: isAdmin && state.account?.superduper_admin === true };
}
