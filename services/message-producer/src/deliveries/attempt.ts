import { backoffMs, isAppError, messageOf, pause, type Clock } from '@ringdown/core';
import type { UnitOfWork } from '../app/unit-of-work';
import type { Writer } from '../app/writer';
import { isChatPlugin } from '../domain/channel';
import type { Accounts, AccountState, Callback, CallbackOutcome, LeasedDelivery } from '../ports';
import { callbackRequest } from './callback-request';

export interface RetryOptions {
  readonly attempts: number;
  readonly retryMs: number;
}

const MAX_PAUSE_MS = 5 * 60 * 1000;
const PAUSE_FACTOR = 4;
const RECORD_RETRY = { initialMs: 50, maxMs: 2_000 };

/** What became of an attempt. `lost`: another worker has the delivery now. */
export type AttemptResult =
  { readonly kind: 'delivered' | 'failed' | 'lost' } | { readonly kind: 'retry'; readonly dueAt: number };

/** One attempt to deliver a leased message, and what it means for the message. */
export class Attempt {
  constructor(
    private readonly callback: Callback,
    private readonly accounts: Accounts,
    private readonly writer: Writer,
    private readonly clock: Clock,
    private readonly options: RetryOptions,
  ) {}

  async run(delivery: LeasedDelivery, stop: AbortSignal): Promise<AttemptResult> {
    let account: AccountState;
    try {
      account = await this.accounts.stateOf(delivery.channel.accountId);
    } catch (error) {
      // Nothing was attempted.
      return this.postpone(delivery, delivery.attempt - 1, messageOf(error), stop);
    }
    const outcome = await this.offer(delivery, account, stop);
    if (outcome.kind !== 'failed') return this.finish(delivery, outcome, stop);
    // What was interrupted by this process's end is not the receiver's failure.
    if (stop.aborted) return this.postpone(delivery, delivery.attempt - 1, outcome.reason, stop);
    if (delivery.attempt < this.options.attempts) {
      return this.postpone(delivery, delivery.attempt, outcome.reason, stop);
    }
    return this.finish(delivery, outcome, stop);
  }

  private async offer(
    delivery: LeasedDelivery,
    account: AccountState,
    stop: AbortSignal,
  ): Promise<CallbackOutcome> {
    const { channel } = delivery;
    if (account !== 'enabled') return { kind: 'refused', reason: `the account is ${account}` };
    if (!channel.connected) return { kind: 'refused', reason: 'the channel is disconnected' };
    // Committed is delivered: the visitor's socket gets it from the events.
    if (isChatPlugin(channel)) return { kind: 'accepted' };
    if (channel.callbackUrl === undefined) {
      return { kind: 'refused', reason: 'the channel has no callback URL' };
    }
    if (delivery.attempt > this.options.attempts) return { kind: 'failed', reason: 'interrupted' };
    return this.callback.post(callbackRequest(delivery, channel.callbackUrl, this.clock()), stop);
  }

  private async postpone(
    delivery: LeasedDelivery,
    attempts: number,
    reason: string,
    stop: AbortSignal,
  ): Promise<AttemptResult> {
    const { message, lease } = delivery;
    const pauseMs = Math.min(MAX_PAUSE_MS, this.options.retryMs * PAUSE_FACTOR ** Math.max(0, attempts - 1));
    const dueAt = this.clock() + pauseMs;
    const kept = await this.record(delivery, stop, ({ stores }) =>
      stores.deliveries.retry(message.id, lease, { attempts, reason }, dueAt),
    );
    return kept ? { kind: 'retry', dueAt } : { kind: 'lost' };
  }

  private async finish(
    delivery: LeasedDelivery,
    outcome: CallbackOutcome,
    stop: AbortSignal,
  ): Promise<AttemptResult> {
    const { message, channel, lease, attempt } = delivery;
    const delivered = outcome.kind === 'accepted';
    const reason = delivered ? undefined : outcome.reason;
    const state = delivered ? 'DELIVERED' : 'FAILED';
    const kept = await this.record(delivery, stop, async (unit) => {
      const { conversations, deliveries, messages } = unit.stores;
      const held = await conversations.hold(channel.accountId, message.conversationId);
      if (!(await deliveries.finish(message.id, lease, { attempts: attempt, reason }))) return false;
      await messages.setState(message.id, state);
      unit.messageChanged(held, { ...message, deliveryState: state });
      return true;
    });
    if (!kept) return { kind: 'lost' };
    return { kind: delivered ? 'delivered' : 'failed' };
  }

  /** What was seen is written down though the database is away for a while: not doing so would mean a second call. */
  private async record<T>(
    { leasedUntil }: LeasedDelivery,
    stop: AbortSignal,
    work: (unit: UnitOfWork) => Promise<T>,
  ): Promise<T> {
    for (let failures = 0; ; failures += 1) {
      try {
        return await this.writer.run(work);
      } catch (error) {
        const passing = isAppError(error) && error.code === 'unavailable';
        if (!passing || stop.aborted || this.clock() >= leasedUntil) throw error;
        await pause(backoffMs(failures, RECORD_RETRY), stop);
      }
    }
  }
}
