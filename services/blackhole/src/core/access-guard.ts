import { backoffMs, messageOf, withDeadline, type Logger } from '@ringdown/core';
import type { DirectoryChange, InvalidReason } from '@ringdown/auth';
import type { AccessDirectory } from './access';
import type { AccessWatch } from './access-watch';
import { closeReasons, type CloseReason } from './close-codes';
import type { DeadlineWheel, WheelEntry } from './deadline-wheel';
import type { Session } from './session';
import type { SessionRegistry } from './session-registry';
import { ALL_ACCOUNTS } from './subscription-table';
import type { SubscriptionService } from './subscriptions';

export interface AccessGuardOptions {
  /** How long an answer may take before delivery is held back. */
  readonly patienceMs: number;
  readonly logger: Logger;
}

interface Check {
  /** Something changed while the check ran: its answer counts for nothing. */
  stale: boolean;
  /** Set while it waits for its next try. */
  retry: WheelEntry | undefined;
}

/**
 * Checks open sessions again when somebody's rights change: closes those whose principal no longer holds, takes away
 * subscriptions to accounts that are out of reach. While that cannot be found out, the session gets no events; when it
 * turns out that it may have them, it is told of the gap.
 */
export class AccessGuard {
  private readonly checks = new Map<Session, Check>();
  private end: (() => void) | undefined;

  constructor(
    private readonly directory: AccessDirectory,
    private readonly registry: SessionRegistry,
    private readonly subscriptions: SubscriptionService,
    private readonly wheel: DeadlineWheel,
    private readonly watch: AccessWatch,
    private readonly options: AccessGuardOptions,
  ) {}

  start(): void {
    this.end ??= this.directory.onChanged((change) => this.onChanged(change));
    this.watch.onUnsure(() => this.onChanged({ kind: 'all' }));
  }

  stop(): void {
    this.end?.();
    this.end = undefined;
  }

  /** Checks one session; again at once when told so during a check, and without the rest of the pause between two. */
  recheck(session: Session): void {
    if (session.principal === undefined || !session.isOpen) return;
    const running = this.checks.get(session);
    if (running !== undefined) {
      running.stale = true;
      if (running.retry !== undefined) {
        running.retry.cancel();
        void this.run(session, running, 0);
      }
      return;
    }
    const check: Check = { stale: false, retry: undefined };
    this.checks.set(session, check);
    void this.run(session, check, 0);
  }

  private onChanged(change: DirectoryChange): void {
    for (const session of this.registry.all()) if (isConcerned(session, change)) this.recheck(session);
  }

  private async run(session: Session, check: Check, attempt: number): Promise<void> {
    check.stale = false;
    check.retry = undefined;
    try {
      await withDeadline(this.decide(session, check), this.options.patienceMs, 'authorization check');
    } catch (error) {
      session.suspend();
      this.options.logger.debug('session not checked yet', {
        session: session.id,
        attempt,
        error: messageOf(error),
      });
      if (session.isOpen) {
        check.retry = this.wheel.after(backoffMs(attempt, { initialMs: 250, maxMs: 5_000 }), () => {
          void this.run(session, check, attempt + 1);
        });
      } else {
        this.checks.delete(session);
      }
      return;
    }
    if (check.stale && session.isOpen) {
      void this.run(session, check, 0);
      return;
    }
    this.checks.delete(session);
    session.resume();
  }

  private async decide(session: Session, check: Check): Promise<void> {
    const { principal } = session;
    if (principal === undefined || !session.isOpen) return;
    const reason = await this.directory.check(principal);
    // A renewal that came meanwhile is judged by itself.
    if (session.principal !== principal) check.stale = true;
    else if (reason !== undefined) return session.close(closeReasonOf(reason));
    const lost = new Set<string>();
    const accountIds = new Set(Array.from(session.subscriptions.values(), ({ accountId }) => accountId));
    for (const accountId of accountIds) {
      if (accountId === principal.accountId) continue;
      const allowed =
        accountId === ALL_ACCOUNTS
          ? principal.isSuperAdmin
          : await this.directory.mayAccess(principal, accountId);
      if (!allowed) lost.add(accountId);
    }
    if (lost.size > 0) this.subscriptions.revoke(session, ({ accountId }) => lost.has(accountId));
  }
}

function isConcerned(session: Session, change: DirectoryChange): boolean {
  const { principal } = session;
  if (principal === undefined) return false;
  if (change.kind === 'all') return true;
  if (change.kind === 'token') return principal.tokenId === change.tokenId;
  // A change of an account itself may move or delete what others subscribed to below it.
  if (change.userId === undefined && change.keyId === undefined && reachesBeyondOwn(session)) return true;
  if (principal.accountId !== change.accountId) return false;
  if (change.userId !== undefined) return principal.userId === change.userId;
  return change.keyId === undefined || principal.keyId === change.keyId;
}

function reachesBeyondOwn(session: Session): boolean {
  for (const { accountId } of session.subscriptions.values()) {
    if (accountId !== session.principal?.accountId) return true;
  }
  return false;
}

function closeReasonOf(reason: InvalidReason): CloseReason {
  return reason === 'expired' ? closeReasons.expired : closeReasons.revoked;
}
