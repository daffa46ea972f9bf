import { AppError, messageOf, withDeadline, type Clock, type Logger } from '@ringdown/core';
import type { Principal } from '@ringdown/auth';
import type { ClientBinding } from '@ringdown/contracts';
import type { Access } from './access';
import type { BrokerBindings } from './broker-bindings';
import { closeReasons } from './close-codes';
import type { Variant } from './dialect';
import { subscriptionKey, type Session, type SessionUpdate, type Subscription } from './session';
import type { SessionRegistry } from './session-registry';
import type { StreamFilter } from './stream-filter';
import { ALL_ACCOUNTS, type SubscriptionTable } from './subscription-table';

/** Everything about a request that must hold at the moment it takes effect. */
export interface RequestScope {
  /** Whoever asks: the session's principal, or the one its new token names. */
  readonly principal: Principal;
  /** {@link Access.revision} when the first question of the request was asked. */
  readonly revision: number;
  readonly update: SessionUpdate;
}

export interface SubscribeResult {
  readonly added: readonly string[];
  readonly all: readonly string[];
}

/** Something that must be ready between the broker's confirm and the moment a subscribe takes effect. */
export interface SubscribeStage {
  /** The bindings stand; what it throws is the answer, and nothing changes. */
  prepare(accountId: string): Promise<void>;
  /** Right before the effect, in the same turn. Throws when what was prepared holds no more. */
  settle(): void;
}

export interface SubscribeOptions {
  /** How this session wants the frames; part of what makes a subscription another one. */
  readonly variant?: Variant;
  readonly stage?: SubscribeStage;
  /** Puts a filter in front of each stream that is new, in the turn in which it begins. */
  readonly filter?: (stream: object) => StreamFilter;
}

export interface SubscriptionServiceOptions {
  readonly maxSubscriptions: number;
  /** How long a subscribe waits for the broker. */
  readonly bindTimeoutMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * The verbs of a session. Each either takes effect as a whole, identity included, or changes nothing; subscribe takes
 * effect only once the broker confirmed the bindings.
 */
export class SubscriptionService {
  constructor(
    private readonly access: Access,
    private readonly registry: SessionRegistry,
    private readonly table: SubscriptionTable<Session>,
    private readonly bindings: BrokerBindings,
    private readonly options: SubscriptionServiceOptions,
  ) {}

  /** Only what a request says about the session itself. */
  async apply(session: Session, scope: RequestScope): Promise<void> {
    await this.confirm(scope, undefined, () => this.commit(session, scope.update));
  }

  /** Errors: `forbidden`, `unavailable`, `rate_limited` (too many subscriptions), `closed`. */
  async subscribe(
    session: Session,
    scope: RequestScope,
    bindings: readonly ClientBinding[],
    account: string | undefined,
    { variant, stage, filter }: SubscribeOptions = {},
  ): Promise<SubscribeResult> {
    requireRights(scope.principal, bindings);
    const accountId = await this.access.resolveAccount(scope.principal, account);
    const wanted = new Map<string, ClientBinding>();
    const kept: string[] = [];
    for (const binding of bindings) {
      const key = subscriptionKey(accountId, binding.text, variant);
      if (session.subscriptions.has(key)) kept.push(key);
      else wanted.set(key, binding);
    }
    this.requireRoom(session, wanted.size);
    const prepared = [...wanted].map(([key, binding]) => ({
      key,
      subscription: {
        binding,
        accountId,
        variant,
        lease: this.bindings.acquire(binding),
      } satisfies Subscription,
    }));
    try {
      await this.allBound(prepared.map(({ subscription }) => subscription));
      await stage?.prepare(accountId);
      await this.confirm(scope, accountId, () => {
        if (!kept.every((key) => session.subscriptions.has(key))) {
          throw new AppError('unavailable', 'a subscription ended meanwhile, try again');
        }
        stage?.settle();
        this.commit(session, scope.update);
        for (const { key, subscription } of prepared) {
          session.subscriptions.set(key, subscription);
          const stream = this.table.add(session.dialect, subscription.binding, accountId, session, variant);
          if (filter !== undefined) session.setFilter(stream, filter(stream));
        }
      });
    } catch (error) {
      for (const { subscription } of prepared) subscription.lease.release();
      throw error;
    }
    return { added: prepared.map(({ subscription }) => subscription.binding.text), all: textsOf(session) };
  }

  /** Removes the given bindings of one account (default: one's own); those not subscribed are no error. */
  async unsubscribe(
    session: Session,
    scope: RequestScope,
    bindings: readonly ClientBinding[],
    account: string | undefined,
    variant?: Variant,
  ): Promise<void> {
    await this.confirm(scope, undefined, () => {
      this.commit(session, scope.update);
      for (const binding of bindings) {
        const key = subscriptionKey(account ?? scope.principal.accountId, binding.text, variant);
        this.remove(session, key);
      }
    });
  }

  /** Removes everything, or everything of one account, and says what that was. */
  async unsubscribeAll(
    session: Session,
    scope: RequestScope,
    account: string | undefined,
  ): Promise<readonly string[]> {
    const removed: string[] = [];
    await this.confirm(scope, undefined, () => {
      this.commit(session, scope.update);
      for (const [key, subscription] of session.subscriptions) {
        if (account !== undefined && subscription.accountId !== account) continue;
        removed.push(subscription.binding.text);
        this.remove(session, key);
      }
    });
    return removed;
  }

  /**
   * Removes what the test picks, at once and without asking anybody: what a socket gives up, or somebody else who may
   * decide about it. The session is not told. Returns what was removed.
   */
  drop(session: Session, isDropped: (subscription: Subscription) => boolean): readonly Subscription[] {
    const removed: Subscription[] = [];
    for (const [key, subscription] of session.subscriptions) {
      if (!isDropped(subscription)) continue;
      removed.push(subscription);
      this.remove(session, key);
    }
    return removed;
  }

  /** Takes away what the session may no longer see, and tells it. */
  revoke(session: Session, isLost: (subscription: Subscription) => boolean): void {
    const removed = this.drop(session, isLost).map(({ binding }) => binding.text);
    if (removed.length === 0) return;
    const notice = session.dialect.renderRemoved(session, removed);
    if (notice !== undefined) session.send(notice);
  }

  /** The session ended: nothing of it may stay. */
  release(session: Session): void {
    for (const key of [...session.subscriptions.keys()]) this.remove(session, key);
  }

  private remove(session: Session, key: string): void {
    const subscription = session.subscriptions.get(key);
    if (subscription === undefined) return;
    const { binding, accountId, variant, lease } = subscription;
    session.subscriptions.delete(key);
    const stream = this.table.find(session.dialect, binding, accountId, variant);
    if (stream !== undefined) session.endStream(stream);
    this.table.delete(session.dialect, binding, accountId, session, variant);
    lease.release();
  }

  private requireRoom(session: Session, more: number): void {
    const { maxSubscriptions } = this.options;
    if (more > 0 && session.subscriptions.size + more > maxSubscriptions) {
      throw new AppError('rate_limited', `subscription limit of ${maxSubscriptions} reached`);
    }
  }

  private async allBound(subscriptions: readonly Subscription[]): Promise<void> {
    try {
      await withDeadline(
        Promise.all(subscriptions.map(({ lease }) => lease.bound)),
        this.options.bindTimeoutMs,
        'binding',
      );
    } catch (error) {
      this.options.logger.warn('subscribe refused: the broker did not bind', { error: messageOf(error) });
      throw new AppError('unavailable', 'events unavailable, try again', { cause: error });
    }
  }

  /**
   * Runs `effect` at an instant at which the scope's answers hold: no await stands between the last look at the revision
   * and the effect.
   */
  private async confirm(
    scope: RequestScope,
    accountId: string | undefined,
    effect: () => void,
  ): Promise<void> {
    let { revision } = scope;
    while (revision !== this.access.revision) {
      revision = await this.access.confirm(scope.principal, accountId);
    }
    const { expiresAtMs } = scope.principal;
    if (expiresAtMs !== undefined && expiresAtMs <= this.options.clock()) {
      throw new AppError('unauthorized', 'authentication no longer valid', {
        details: { reason: 'expired' },
      });
    }
    effect();
  }

  private commit(session: Session, update: SessionUpdate): void {
    if (!session.isOpen) throw new AppError('closed', 'the socket is closed');
    const { principal } = update;
    if (principal !== undefined) {
      if (!this.registry.identify(session, principal)) {
        session.close(closeReasons.limit);
        throw new AppError('closed', closeReasons.limit.text);
      }
      session.tokenFingerprint = update.tokenFingerprint;
      session.onIdentified();
      // Another user's token of the same account: everything but the super admin's wildcard is the account's right.
      if (!principal.isSuperAdmin) this.revoke(session, needsSuperAdmin);
    }
    if ('name' in update) session.name = update.name;
    if ('metadata' in update) session.metadata = update.metadata ?? undefined;
  }
}

/** The client's own texts in the order of subscription; one entry per binding and account. */
export function textsOf(session: Session): readonly string[] {
  return Array.from(session.subscriptions.values(), ({ binding }) => binding.text);
}

function requireRights(principal: Principal, bindings: readonly ClientBinding[]): void {
  if (principal.isSuperAdmin) return;
  const refused = bindings.find(({ superAdminOnly }) => superAdminOnly !== undefined);
  if (refused) throw new AppError('forbidden', refused.superAdminOnly!);
}

function needsSuperAdmin({ accountId, binding }: Subscription): boolean {
  return accountId === ALL_ACCOUNTS || binding.superAdminOnly !== undefined;
}
