import { AppError, isAppError, type Clock, type Logger } from '@ringdown/core';
import type { ChannelState, ClientBinding } from '@ringdown/contracts';
import type { AccountSnapshot, AccountSnapshots } from './account-snapshots';
import { EventHold, unavailable, type HoldLimits, type HoldOptions } from './event-hold';
import type { GatewayMetrics } from './metrics';
import { selectedChannels } from './selected-channels';
import { subscriptionKey, type Session } from './session';
import type { SubscriptionTable } from './subscription-table';
import type { RequestScope, SubscribeResult, SubscriptionService } from './subscriptions';
import type { Turns } from './turns';

export interface SnapshotServiceOptions {
  /** Of the events held back for one request. */
  readonly hold: HoldLimits;
  /** Of the snapshot as the client gets it. Together with the hold it must fit what may wait for one socket. */
  readonly maxSnapshotBytes: number;
  readonly after: HoldOptions['after'];
  readonly metrics: GatewayMetrics;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface SnapshotResult extends SubscribeResult {
  /** What `render` made of the channels. */
  readonly snapshot: string;
  /** Of the event log; everything up to it is in the snapshot. */
  readonly offset: number;
  /** Lets the stream begin; must be called right after the answer was queued. */
  release(): void;
}

/** Turns the channels into text of the dialect's protocol; called before anything takes effect. */
export type SnapshotRenderer = (channels: readonly ChannelState[]) => string;

/**
 * "Snapshot, then stream": a subscribe whose answer carries the account's live channels, and whose events go on exactly
 * where they end. Once the broker confirmed the bindings the events are held back; then the registry is asked, which
 * contains everything confirmed before; then come the answer, those held events that the answer does not contain, and
 * live ones.
 */
export class SnapshotService {
  constructor(
    private readonly subscriptions: SubscriptionService,
    private readonly table: SubscriptionTable<Session>,
    private readonly snapshots: AccountSnapshots,
    private readonly turns: Turns,
    private readonly options: SnapshotServiceOptions,
  ) {}

  /**
   * Bindings of other families in the same request are subscribed as usual. Errors: those of subscribe, `bad_request` (no
   * call binding), `unavailable`, `too_large`; after an error nothing is subscribed and nothing changed.
   */
  async subscribe(
    session: Session,
    scope: RequestScope,
    bindings: readonly ClientBinding[],
    account: string | undefined,
    render: SnapshotRenderer,
  ): Promise<SnapshotResult> {
    const calls = bindings.filter(({ family }) => family === 'call');
    if (calls.length === 0) throw new AppError('bad_request', 'snapshot needs a call binding');
    const { clock, after } = this.options;
    const hold = new EventHold(session, { limits: this.options.hold, clock, after });
    let taken: { readonly snapshot: AccountSnapshot; readonly text: string } | undefined;
    try {
      const result = await this.subscriptions.subscribe(session, scope, bindings, account, {
        stage: {
          prepare: async (accountId) => {
            taken = await this.turns.run(() => this.take(session, hold, calls, accountId, render));
          },
          settle: () => hold.settle(),
        },
      });
      const { snapshot, text } = taken!;
      this.options.metrics.snapshot('ok');
      return {
        ...result,
        snapshot: text,
        offset: snapshot.offset,
        release: () => this.options.metrics.framesQueued(hold.release(snapshot)),
      };
    } catch (error) {
      hold.giveUp();
      throw this.refusalOf(error);
    }
  }

  private async take(
    session: Session,
    hold: EventHold,
    bindings: readonly ClientBinding[],
    accountId: string,
    render: SnapshotRenderer,
  ) {
    const { clock, maxSnapshotBytes } = this.options;
    if (!session.isOpen) throw new AppError('closed', 'the socket is closed');
    const sinceMs = clock();
    for (const binding of bindings) this.join(session, hold, binding, accountId);
    const snapshot = await Promise.race([this.snapshots.take(accountId), hold.failed]);
    // Ids further back than the window are not named; what took so long may have to be told apart by them.
    if (clock() - sinceMs > snapshot.windowMs / 2) throw unavailable('the snapshot took too long');
    const text = render(selectedChannels(snapshot.channels, bindings));
    if (Buffer.byteLength(text) > maxSnapshotBytes) throw tooLarge();
    return { snapshot, text };
  }

  /** The session hears the events of the binding from now on, but they stop at the hold. */
  private join(session: Session, hold: EventHold, binding: ClientBinding, accountId: string): void {
    const { table } = this;
    const isNew = !session.subscriptions.has(subscriptionKey(accountId, binding.text, undefined));
    const stream = table.add(session.dialect, binding, accountId, session);
    hold.begin(stream, isNew ? () => table.delete(session.dialect, binding, accountId, session) : undefined);
  }

  private refusalOf(error: unknown): unknown {
    const { metrics, logger } = this.options;
    const code = isAppError(error) ? error.code : 'internal';
    metrics.snapshot(code);
    if (code === 'timeout') return unavailable('no turn', error);
    if (code === 'unavailable') logger.warn('snapshot refused', { reason: reasonOf(error) });
    return error;
  }
}

export function tooLarge(cause?: unknown): AppError {
  const text = 'snapshot unavailable: too many channels for one answer';
  return new AppError('too_large', text, cause === undefined ? {} : { cause });
}

function reasonOf(error: unknown): unknown {
  if (!isAppError(error)) return undefined;
  return error.details?.['reason'] ?? error.message;
}
