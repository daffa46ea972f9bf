import type { WireMessage } from '@ringdown/contracts';
import {
  AppError,
  backoffMs,
  memoised,
  messageOf,
  pause,
  systemClock,
  type Clock,
  type Lifecycle,
  type Logger,
} from '@ringdown/core';
import type { Selectable } from 'kysely';
import type { Database, Session } from '../database';
import type { OutboxTables } from './outbox-table';

/** Where the messages go; any `Broker` fits with a line of glue. */
export interface OutboxPublisher {
  /** Resolves when the broker confirmed. */
  publish(message: WireMessage): Promise<unknown>;
  /** False while publishing has no chance; the drainer then leaves the work to another process. */
  ready(): boolean;
}

export interface OutboxDrainerOptions {
  readonly database: Database;
  readonly publisher: OutboxPublisher;
  readonly logger: Logger;
  readonly clock?: Clock;
  /** Messages fetched at once. Default 256. */
  readonly batchSize?: number;
  /** How long a message may wait when both ways of waking failed. Default 1,000. */
  readonly pollMs?: number;
  /** How often a standby tries to take over. Default 500. */
  readonly standbyPollMs?: number;
}

export interface OutboxStats {
  /** Messages waiting. */
  readonly depth: number;
  /** Age of the oldest one in milliseconds, 0 when empty. */
  readonly lagMs: number;
}

type OutboxRow = Selectable<OutboxTables['outbox']>;

const LOCK = 'outbox';
const CHANNEL = 'ringdown_outbox';
const READY_POLL_MS = 50;
const RETRY = { initialMs: 100, maxMs: 1_000 };

/**
 * Publishes what transactions left in the outbox: at least once, in order per order key, under the same message id.
 *
 * One drainer works at a time over all processes, chosen by an advisory lock; the others stand by and take over within
 * a second. It reads and deletes on the very connection that holds the lock, so one that lost it cannot delete. It
 * always takes the lowest ids there are: an id may become visible after higher ones, when its transaction commits late.
 * Messages of different keys are in flight together; of one key only one, because a failed message must not be
 * overtaken by its successor.
 */
export class OutboxDrainer implements Lifecycle {
  private readonly ended = new AbortController();
  private readonly clock: Clock;
  private loop: Promise<void> | undefined;
  private holdsLock = false;
  private wake: (() => void) | undefined;
  private kicked = false;
  private notifying = false;
  private notifyAgain = false;

  constructor(private readonly options: OutboxDrainerOptions) {
    this.clock = options.clock ?? systemClock;
  }

  /** Whether this process is the one that publishes. */
  get active(): boolean {
    return this.holdsLock;
  }

  readonly start = memoised(() => {
    this.loop = this.run();
    return Promise.resolve();
  });

  /** Publishes what is committed, if that is this process's job and the broker takes it, and lets another one go on. */
  readonly stop = memoised(async () => {
    this.ended.abort();
    this.wake?.();
    await this.loop;
  });

  /** There is something new: called right after a commit. */
  kick(): void {
    this.kicked = true;
    this.wake?.();
    if (!this.holdsLock) this.notifyHolder();
  }

  /** What waits, over all processes. Errors: `unavailable`. */
  async stats(): Promise<OutboxStats> {
    const { depth, oldest } = await this.options.database
      .tables<OutboxTables>()
      .selectFrom('outbox')
      .select(({ fn }) => [fn.countAll<number>().as('depth'), fn.min('created_at').as('oldest')])
      .executeTakeFirstOrThrow();
    // An aggregate over no rows is null, whatever the column says.
    const since = oldest as number | null;
    return { depth, lagMs: since === null ? 0 : Math.max(0, this.clock() - since) };
  }

  private get stopping(): boolean {
    return this.ended.signal.aborted;
  }

  private async run(): Promise<void> {
    for (let failures = 0; !this.stopping;) {
      try {
        await this.holdAndDrain();
        failures = 0;
      } catch (error) {
        this.options.logger.warn('outbox drainer interrupted', { reason: messageOf(error) });
        await pause(backoffMs(failures++, RETRY), this.ended.signal);
      }
    }
  }

  /** One turn as the holder of the lock. Returns when the broker is away or on stop, throws when the database is. */
  private async holdAndDrain(): Promise<void> {
    const session = await this.options.database.openSession();
    try {
      for (;;) {
        // Looking at the broker's state costs nothing, asking for the lock is a round trip.
        const ready = this.options.publisher.ready();
        if (ready && (await session.tryLock(LOCK))) break;
        await pause(ready ? (this.options.standbyPollMs ?? 500) : READY_POLL_MS, this.ended.signal);
        if (this.stopping) return;
        if (session.lost.aborted) throw new AppError('unavailable', 'the database session was lost');
      }
      this.holdsLock = true;
      this.options.logger.debug('outbox drainer active');
      session.lost.addEventListener('abort', () => this.wake?.(), { once: true });
      await session.listen(CHANNEL, () => {
        this.kicked = true;
        this.wake?.();
      });
      await this.drain(session);
    } finally {
      this.holdsLock = false;
      await session.close();
    }
  }

  private async drain(session: Session): Promise<void> {
    for (let failures = 0; ;) {
      this.kicked = false;
      const lastRound = this.stopping;
      const { fetched, confirmed, failure } = await this.publishBatch(session);
      if (session.lost.aborted) throw new AppError('unavailable', 'the outbox lock was lost');
      if (lastRound) return;
      if (failure !== undefined) {
        this.options.logger.warn('outbox message not published, will be sent again', {
          reason: messageOf(failure),
        });
        if (!this.options.publisher.ready()) return;
        // One message that fails again and again must not slow the others down.
        failures = confirmed > 0 ? 0 : failures + 1;
        await pause(backoffMs(failures, RETRY), this.ended.signal);
        continue;
      }
      failures = 0;
      if (fetched === 0) await this.sleep();
    }
  }

  private async publishBatch(
    session: Session,
  ): Promise<{ fetched: number; confirmed: number; failure: unknown }> {
    const db = session.tables<OutboxTables>();
    const rows = await db
      .selectFrom('outbox')
      .selectAll()
      .orderBy('urgent', 'desc')
      .orderBy('id')
      .limit(this.options.batchSize ?? 256)
      .execute();
    if (rows.length === 0) return { fetched: 0, confirmed: 0, failure: undefined };

    const confirmed: number[] = [];
    let failure: unknown;
    await Promise.all(
      [...byOrderKey(rows).values()].map(async (chain) => {
        for (const row of chain) {
          if (session.lost.aborted) return;
          try {
            await this.options.publisher.publish(toMessage(row));
            confirmed.push(row.id);
          } catch (error) {
            failure ??= error;
            return;
          }
        }
      }),
    );
    if (confirmed.length > 0) await db.deleteFrom('outbox').where('id', 'in', confirmed).execute();
    return { fetched: rows.length, confirmed: confirmed.length, failure };
  }

  /** Until a kick, a notification, the end of the session, or the slow poll. */
  private async sleep(): Promise<void> {
    if (this.kicked || this.stopping) return;
    const woken = new AbortController();
    this.wake = () => woken.abort();
    await pause(this.options.pollMs ?? 1_000, woken.signal);
    this.wake = undefined;
  }

  /** One notification at a time: under load many commits share one. */
  private notifyHolder(): void {
    if (this.notifying) {
      this.notifyAgain = true;
      return;
    }
    this.notifying = true;
    this.options.database
      .notify(CHANNEL)
      .catch((error: unknown) =>
        // Not lost: the holder polls.
        this.options.logger.debug('outbox holder not notified', { reason: messageOf(error) }),
      )
      .finally(() => {
        this.notifying = false;
        if (!this.notifyAgain) return;
        this.notifyAgain = false;
        this.notifyHolder();
      });
  }
}

function byOrderKey(rows: readonly OutboxRow[]): Map<string, OutboxRow[]> {
  const chains = new Map<string, OutboxRow[]>();
  for (const row of rows) {
    const chain = chains.get(row.order_key);
    if (chain) chain.push(row);
    else chains.set(row.order_key, [row]);
  }
  return chains;
}

function toMessage(row: OutboxRow): WireMessage {
  return {
    exchange: row.exchange,
    routingKey: row.routing_key,
    body: Buffer.from(row.body),
    messageId: row.message_id ?? undefined,
    timestampMs: row.timestamp_ms ?? undefined,
    type: row.type ?? undefined,
    appId: row.app_id ?? undefined,
    contentType: row.content_type ?? undefined,
    headers: row.headers as unknown as Record<string, string>,
  };
}
