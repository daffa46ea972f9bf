import type { WireMessage } from '@ringdown/contracts';
import {
  backoffMs,
  deferred,
  isAppError,
  messageOf,
  withDeadline,
  type Deferred,
  type Logger,
} from '@ringdown/core';

/** Where messages go. */
export interface MessageSink {
  /** In the order of the calls; resolves with the broker's confirm. */
  publish(message: WireMessage, options: { readonly timeoutMs: number }): Promise<unknown>;
  readonly ready: boolean;
}

export interface PublisherCounters {
  published(message: WireMessage): void;
  lost(count: number): void;
}

interface Entry {
  readonly message: WireMessage;
  readonly sequence: number;
}

/**
 * Unconfirmed messages handed to the broker at once. What is handed over cannot be taken back when the switch is lost,
 * so it is few enough to be gone soon.
 */
const WINDOW = 256;
/** Messages that wait for the window. Above, events are dropped and a snapshot makes up for them. */
const MAX_WAITING = 20_000;
/** A message that could not be confirmed by then is no news; it is sent again while the switch is still held. */
const CONFIRM_TIMEOUT_MS = 3_000;

/**
 * Publishes in order, with confirms, without making anybody wait. Open only while the switch is held: what still waits
 * when it is lost is dropped, for its events are the next holder's to tell (it reconciles).
 *
 * A message the broker did not confirm is sent again, behind those under way, under the same id. Whoever folds the log may
 * have seen a later one first; `onGap` is called when all is well again, so that a snapshot puts everything right.
 */
export class EventPublisher {
  private onGap: (() => void) | undefined;
  private waiting: Entry[] = [];
  private readonly underWay = new Set<Entry>();
  private failed: Entry[] = [];
  private gap = false;
  private sequence = 0;
  private attempt = 0;
  private retryTimer: NodeJS.Timeout | undefined;
  private emptied: Deferred | undefined;
  /** Handed to the broker, which will confirm it or give it up; also of the time before a `close`. */
  private handedOver = 0;
  private landed: Deferred | undefined;

  constructor(
    private readonly sink: MessageSink,
    private readonly counters: PublisherCounters,
    private readonly logger: Logger,
  ) {}

  get depth(): number {
    return this.waiting.length + this.underWay.size + this.failed.length;
  }

  /** From now on messages are taken. */
  open(onGap: () => void): void {
    this.close();
    this.onGap = onGap;
  }

  /** Nothing is taken or sent any more; what waits is dropped. */
  close(): void {
    this.onGap = undefined;
    clearTimeout(this.retryTimer);
    this.retryTimer = undefined;
    this.waiting = [];
    this.failed = [];
    this.underWay.clear();
    this.gap = false;
    this.attempt = 0;
    this.noteEmpty();
  }

  /** One turn's messages stay together: nothing of ours comes between them. Never throws. */
  publish(messages: readonly WireMessage[]): void {
    if (this.onGap === undefined) return;
    if (this.waiting.length + messages.length > MAX_WAITING) {
      if (!this.gap) this.logger.warn('events are dropped: the broker takes them too slowly');
      this.gap = true;
      this.counters.lost(messages.length);
      return;
    }
    for (const message of messages) this.waiting.push({ message, sequence: this.sequence++ });
    this.pump();
  }

  /** The broker is there again. */
  resume(): void {
    this.pump();
  }

  /** Resolves when everything is confirmed. Error: `timeout`. */
  async flush(timeoutMs: number): Promise<void> {
    if (this.depth === 0) return;
    this.emptied ??= deferred();
    await withDeadline(this.emptied.promise, timeoutMs, 'publishing the last events');
  }

  /** Resolves when nothing is on its way to the broker: what was published is in the log by then, or never will be. */
  async whenLanded(): Promise<void> {
    while (this.handedOver > 0) await (this.landed ??= deferred()).promise;
  }

  private pump(): void {
    while (this.failed.length === 0 && this.underWay.size < WINDOW && this.sink.ready) {
      const entry = this.waiting.shift();
      if (entry === undefined) break;
      this.send(entry);
    }
  }

  private send(entry: Entry): void {
    this.underWay.add(entry);
    this.handedOver += 1;
    this.sink
      .publish(entry.message, { timeoutMs: CONFIRM_TIMEOUT_MS })
      .finally(() => this.noteLanded())
      .then(
        () => {
          this.counters.published(entry.message);
          if (this.underWay.delete(entry)) this.settled();
        },
        (error: unknown) => {
          if (this.underWay.delete(entry)) this.onFailure(entry, error);
        },
      );
  }

  private onFailure(entry: Entry, error: unknown): void {
    this.gap = true;
    if (isAppError(error) && error.retryable) {
      this.failed.push(entry);
    } else {
      this.counters.lost(1);
      this.logger.warn('an event was refused', {
        routingKey: entry.message.routingKey,
        reason: messageOf(error),
      });
    }
    this.settled();
  }

  private settled(): void {
    if (this.underWay.size === 0 && this.failed.length > 0) {
      this.retryLater();
      return;
    }
    this.pump();
    if (this.depth > 0) return;
    this.attempt = 0;
    this.noteEmpty();
    if (!this.gap) return;
    this.gap = false;
    this.onGap?.();
  }

  private retryLater(): void {
    this.retryTimer ??= setTimeout(
      () => {
        this.retryTimer = undefined;
        this.waiting = [...this.failed.sort((a, b) => a.sequence - b.sequence), ...this.waiting];
        this.failed = [];
        this.pump();
      },
      backoffMs(this.attempt++, { initialMs: 100, maxMs: 5_000 }),
    );
  }

  private noteLanded(): void {
    this.handedOver -= 1;
    if (this.handedOver > 0) return;
    this.landed?.resolve();
    this.landed = undefined;
  }

  private noteEmpty(): void {
    this.emptied?.resolve();
    this.emptied = undefined;
  }
}
