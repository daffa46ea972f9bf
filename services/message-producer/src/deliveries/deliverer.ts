import {
  isAppError,
  memoised,
  messageOf,
  newId,
  pause,
  withDeadline,
  type Clock,
  type Lifecycle,
  type Logger,
} from '@ringdown/core';
import type { DeliveryStore, LeasedDelivery } from '../ports';
import type { Attempt, AttemptResult } from './attempt';

export interface DelivererOptions {
  readonly concurrency: number;
  /** How long an attempt may take; a lease lasts somewhat longer. */
  readonly timeoutMs: number;
}

const POLL_MS = 1_000;
/** For writing down the outcome; and for clocks of other machines that are somewhat ahead. */
const LEASE_MARGIN_MS = 30_000;
/** What a stopping process leaves to attempts under way before it interrupts them. */
const STOP_GRACE_MS = 5_000;

/**
 * Delivers what waits, in every process at once: each message is leased to one worker at a time, and a lease that is not
 * kept (a process was killed) falls to another one. Of a conversation only the oldest message is under way, so messages
 * arrive in their order; of a channel only some, so that a slow one does not delay the others.
 */
export class Deliverer implements Lifecycle {
  private readonly ended = new AbortController();
  private readonly interrupted = new AbortController();
  private readonly underWay = new Map<LeasedDelivery, Promise<void>>();
  private loop: Promise<void> | undefined;
  private wake: (() => void) | undefined;
  private kicked = false;
  private nextRetryAt = Infinity;
  /** Leases that may have been given, though the answer was lost. */
  private readonly unanswered = new Set<string>();

  constructor(
    private readonly deliveries: Pick<DeliveryStore, 'lease' | 'release'>,
    private readonly attempt: Pick<Attempt, 'run'>,
    private readonly observe: (result: AttemptResult['kind'], seconds: number) => void,
    private readonly clock: Clock,
    private readonly logger: Logger,
    private readonly options: DelivererOptions,
  ) {}

  readonly start = memoised(() => {
    this.loop = this.run();
    return Promise.resolve();
  });

  /** Takes nothing more; attempts that last too long are interrupted and tried again later. */
  readonly stop = memoised(async () => {
    this.ended.abort();
    this.kick();
    await this.loop;
    const rest = Promise.all(this.underWay.values());
    await withDeadline(rest, STOP_GRACE_MS, 'deliveries under way').catch(() => this.interrupted.abort());
    await rest;
  });

  /** There is something new. */
  kick(): void {
    this.kicked = true;
    this.wake?.();
  }

  private async run(): Promise<void> {
    while (!this.ended.signal.aborted) {
      this.kicked = false;
      await this.takeMore().catch((error: unknown) => {
        // That the database is away is logged by its health check.
        const level = isAppError(error) && error.code === 'unavailable' ? 'debug' : 'warn';
        this.logger[level]('deliveries put off', { reason: messageOf(error) });
      });
      await this.sleep();
    }
  }

  private async takeMore(): Promise<void> {
    for (const lease of this.unanswered) {
      await this.deliveries.release(lease);
      this.unanswered.delete(lease);
    }
    const limit = this.options.concurrency - this.underWay.size;
    if (limit <= 0) return;
    const nowMs = this.clock();
    if (this.nextRetryAt <= nowMs) this.nextRetryAt = Infinity;
    const perChannel = Math.max(1, Math.ceil(this.options.concurrency / 4));
    const lease = newId();
    this.unanswered.add(lease);
    const leased = await this.deliveries.lease({
      lease,
      nowMs,
      untilMs: nowMs + this.options.timeoutMs + LEASE_MARGIN_MS,
      limit,
      perChannel,
      busyChannels: this.channelsWith(perChannel),
    });
    this.unanswered.delete(lease);
    for (const delivery of leased) {
      const work = this.deliver(delivery).finally(() => {
        this.underWay.delete(delivery);
        // Its conversation may have a next message, and there is room for another one.
        this.kick();
      });
      this.underWay.set(delivery, work);
    }
  }

  private async deliver(delivery: LeasedDelivery): Promise<void> {
    const startedAt = performance.now();
    const facts = { message_id: delivery.message.id, channel_id: delivery.channel.id };
    try {
      const result = await this.attempt.run(delivery, this.interrupted.signal);
      this.observe(result.kind, (performance.now() - startedAt) / 1000);
      if (result.kind === 'retry') this.nextRetryAt = Math.min(this.nextRetryAt, result.dueAt);
      this.logger.debug('delivery attempted', { ...facts, attempt: delivery.attempt, result: result.kind });
    } catch (error) {
      // The lease runs out and the message is tried again.
      this.logger.warn('outcome of a delivery not written down', { ...facts, reason: messageOf(error) });
    }
  }

  private channelsWith(count: number): string[] {
    const counts = new Map<string, number>();
    for (const { channel } of this.underWay.keys()) {
      counts.set(channel.id, (counts.get(channel.id) ?? 0) + 1);
    }
    return [...counts].filter(([, n]) => n >= count).map(([id]) => id);
  }

  /** Until a kick, the next retry, or the slow poll. */
  private async sleep(): Promise<void> {
    if (this.kicked || this.ended.signal.aborted) return;
    const woken = new AbortController();
    this.wake = () => woken.abort();
    await pause(Math.max(1, Math.min(POLL_MS, this.nextRetryAt - this.clock())), woken.signal);
    this.wake = undefined;
  }
}
