import type { Broker, LogEntry, LogReader, OperationHandler, Subscription } from '@ringdown/broker';
import { AppError, backoffMs, deferred, memoised, messageOf, pause } from '@ringdown/core';
import type { Clock, Deferred, Lifecycle, Logger } from '@ringdown/core';
import type { ChannelRegistry, FoldRejection } from '../domain/channel-registry';
import { WINDOW_MS, type RecentIds } from '../domain/recent-ids';
import type { ChannelsMetrics } from './metrics';

/** A long log takes its time; every try makes one more marker. */
const FENCE_TIMEOUT_MS = 60_000;
const PREFETCH = 1_000;
const HOUSEKEEPING_MS = 30_000;

export interface LogFollowerOptions {
  readonly broker: Pick<Broker, 'openLog' | 'onStatus' | 'serve'>;
  readonly registry: ChannelRegistry;
  readonly recent: RecentIds;
  readonly metrics: ChannelsMetrics;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Served while the fold has caught up, and only then. */
  readonly handlers: () => readonly OperationHandler[];
}

/**
 * Folds the log of call events, and answers requests while it has caught up with it. A fence of its own tells: it has read
 * everything that was confirmed to anybody before. After a lost connection or a log made anew it is behind until the next
 * fence, and another replica answers meanwhile.
 *
 * `start` resolves once it has caught up for the first time.
 */
export class LogFollower implements Lifecycle {
  readonly start = memoised(() => this.doStart());
  readonly stop = memoised(() => this.doStop());

  private reader: LogReader | undefined;
  private following: Promise<void> | undefined;
  private housekeeping: NodeJS.Timeout | undefined;
  private endListening: (() => void) | undefined;
  private readonly stopping = new AbortController();
  private readonly stopped = new Promise<undefined>((resolve) =>
    this.stopping.signal.addEventListener('abort', () => resolve(undefined), { once: true }),
  );
  private readonly first = deferred();
  private behindBecause: string | undefined = 'the log is not read yet';
  /** Resolved when it fell behind again. */
  private behind: Deferred<void> = deferred();
  private foldedOffset = -1;
  private readonly told = new Set<FoldRejection>();

  constructor(private readonly options: LogFollowerOptions) {}

  /** Undefined while it has caught up, else one sentence why not. */
  get problem(): string | undefined {
    return this.behindBecause;
  }

  /** Offset of the log up to which everything is folded; -1 before the first. */
  get offset(): number {
    return this.foldedOffset;
  }

  /** Error: unavailable while it has not caught up. */
  requireCaughtUp(): void {
    if (this.behindBecause !== undefined) throw new AppError('unavailable', this.behindBecause);
  }

  /** Resolves when everything confirmed to a publisher before the call is folded. Errors: unavailable, timeout. */
  async fence(timeoutMs: number): Promise<void> {
    this.requireCaughtUp();
    const offset = await this.reader!.fence({ timeoutMs });
    this.requireCaughtUp();
    this.foldedOffset = Math.max(this.foldedOffset, offset);
  }

  private async doStart(): Promise<void> {
    const { broker } = this.options;
    if (this.stopping.signal.aborted) return;
    this.endListening = broker.onStatus(({ state }) => {
      if (state === 'disconnected') this.fallBehind('the broker connection was lost');
      // Something is being restored: perhaps the subscription to the log, on a connection that stands.
      else if (state === 'connecting') this.fallBehind('the broker is connecting');
    });
    const reader = await broker.openLog(
      { exchange: 'call', from: 'first', prefetch: PREFETCH },
      {
        onEntry: (entry) => this.onEntry(entry),
        onTruncated: (from, to) => this.onTruncated(from, to),
        onReset: () => this.onReset(),
      },
    );
    if (this.stopping.signal.aborted) return reader.close();
    this.reader = reader;
    this.housekeeping = setInterval(() => void this.keepHouse(), HOUSEKEEPING_MS);
    this.following = this.follow();
    await this.first.promise;
  }

  /** Does not wait for what needs a broker: without one, only the broker's own stop ends that. */
  private async doStop(): Promise<void> {
    this.stopping.abort();
    this.fallBehind('shutting down');
    this.first.resolve();
    clearInterval(this.housekeeping);
    this.endListening?.();
    await this.following;
    await this.reader?.close();
  }

  private async follow(): Promise<void> {
    const { broker, handlers, logger } = this.options;
    for (let failures = 0; await this.catchUp();) {
      const behind = this.behind.promise;
      let serving: Subscription | undefined;
      try {
        serving = await Promise.race([broker.serve(handlers()), this.stopped]);
        if (serving === undefined) return;
        failures = 0;
        this.first.resolve();
        await behind;
      } catch (error) {
        logger.warn('requests cannot be served, trying again', { error: messageOf(error) });
        this.fallBehind('requests cannot be served');
        await this.pause(failures++);
      }
      // What is under way is answered, or fails with the connection it came by.
      await serving?.close().catch((error: unknown) => {
        logger.warn('requests could not be stopped', { error: messageOf(error) });
      });
    }
  }

  /** False when it was stopped. */
  private async catchUp(): Promise<boolean> {
    const { signal } = this.stopping;
    for (let attempt = 0; !signal.aborted; attempt += 1) {
      const behind = (this.behind = deferred());
      let lost = false;
      void behind.promise.then(() => (lost = true));
      try {
        const offset = await Promise.race([
          this.reader!.fence({ timeoutMs: FENCE_TIMEOUT_MS }),
          behind.promise.then(() => undefined),
        ]);
        if (offset !== undefined && !lost && !signal.aborted) {
          this.foldedOffset = Math.max(this.foldedOffset, offset);
          this.behindBecause = undefined;
          this.options.logger.info('caught up with the call log', {
            offset,
            channels: this.options.registry.size,
          });
          return true;
        }
      } catch (error) {
        this.options.logger.debug('not caught up yet', { error: messageOf(error) });
      }
      await this.pause(attempt);
    }
    return false;
  }

  private pause(attempt: number): Promise<void> {
    return pause(backoffMs(attempt, { initialMs: 50, maxMs: 2_000 }), this.stopping.signal);
  }

  private fallBehind(reason: string): void {
    this.behindBecause = reason;
    this.behind.resolve();
  }

  private onEntry(entry: LogEntry): void {
    const { registry, recent, metrics, clock } = this.options;
    const { outcome, accountId, messageId, rejection, detail } = registry.apply(entry);
    this.foldedOffset = entry.offset;
    const now = clock();
    const ageMs = entry.message.timestampMs === undefined ? 0 : now - entry.message.timestampMs;
    metrics.lag(Math.max(0, ageMs));
    // While it catches up it reads the events of hours, which nobody waits for.
    const isRecent = this.behindBecause === undefined || ageMs < WINDOW_MS;
    if (accountId !== undefined && messageId !== undefined && isRecent) {
      recent.add(accountId, messageId, now);
    }
    if (outcome !== 'rejected') metrics.folded(outcome);
    else if (rejection !== undefined) this.onRejected(rejection, entry, detail);
  }

  private onRejected(reason: FoldRejection, { message, offset }: LogEntry, detail: string | undefined): void {
    this.options.metrics.rejected(reason);
    if (this.told.has(reason)) return;
    this.told.add(reason);
    this.options.logger.warn('an entry of the call log cannot be used; more of this kind are only counted', {
      reason,
      detail,
      offset,
      routingKey: message.routingKey,
    });
  }

  private onTruncated(fromOffset: number, toOffset: number): void {
    this.options.metrics.truncated();
    this.options.logger.warn('entries of the call log are gone unread', { fromOffset, toOffset });
    this.expire(toOffset);
  }

  private onReset(): void {
    const { registry, recent, metrics, logger } = this.options;
    metrics.reset();
    logger.warn('the call log was made anew: all channels are forgotten');
    registry.clear();
    recent.clear();
    this.foldedOffset = -1;
    this.fallBehind('the call log was made anew');
  }

  private async keepHouse(): Promise<void> {
    this.options.recent.sweep(this.options.clock());
    const read = this.reader?.position;
    if (read === undefined || this.behindBecause !== undefined) return;
    try {
      const first = await this.reader?.firstOffset();
      // An empty log has kept nothing of what was read.
      if (this.behindBecause === undefined) this.expire(first ?? read);
    } catch (error) {
      this.options.logger.debug('the beginning of the call log is not known', { error: messageOf(error) });
    }
  }

  private expire(firstOffset: number): void {
    const expired = this.options.registry.expireBefore(firstOffset);
    if (expired === 0) return;
    this.options.metrics.expired(expired);
    this.options.logger.info('channels left with their last log entry', { channels: expired });
  }
}
