import { AppError, type Clock, type Deferred, deferred, pause, withDeadline } from '@ringdown/core';
import type { WireMessage } from '@ringdown/contracts';
import type { PublishOptions, PublishResult } from '../broker';
import { Fifo } from '../shared/fifo';
import { asAppError } from './amqp-errors';

const DEFAULT_TIMEOUT_MS = 10_000;
/** Unconfirmed on the channel at once. More does not publish faster, and must be sent again after a loss. */
const WINDOW = 1_000;
/** Properties and frames, roughly; keeps a million empty messages from counting as nothing. */
const OVERHEAD_BYTES = 256;
const MAX_GIVEN_UP = 1_000;
const NOTHING = Buffer.alloc(0);

export interface OutboxLimits {
  readonly maxMessages: number;
  readonly maxBytes: number;
}

/** One message on its way. `sequence` is unique in this process and tells its return from others'. */
export interface OutboxEntry {
  readonly sequence: number;
  readonly message: WireMessage;
  readonly mandatory: boolean;
  /** Unix milliseconds after which the broker shall drop it unread. */
  readonly expiresAtMs: number | undefined;
}

/** Sends one entry and calls back when the broker confirmed (no argument) or refused it. */
export interface OutboxSink {
  /** False when the channel is closing; throws when the message cannot be encoded. */
  send(entry: OutboxEntry, confirmed: (error: unknown) => void): boolean;
}

interface Waiting extends OutboxEntry {
  message: WireMessage;
  readonly bytes: number;
  readonly outcome: Deferred<PublishResult>;
  timer: NodeJS.Timeout | undefined;
  settled: boolean;
  returned: boolean;
}

/**
 * The messages that are published but not confirmed, in order. They are sent as far as the window allows, and after a
 * lost channel sent again from the first unconfirmed, under the same message id: at least once, in order.
 *
 * RabbitMQ answers a message it refuses (no such exchange, for example) by closing the channel, without saying which
 * one it was. The entries that were under way are then sent one by one, until the refused one stands alone.
 */
export class Outbox {
  private waiting = new Fifo<Waiting>();
  private readonly underWay = new Set<Waiting>();
  private sink: OutboxSink | undefined;
  private held = false;
  private carefulUpTo = -1;
  private sequence = 0;
  private messages = 0;
  private bytes = 0;
  private closed = false;

  constructor(
    private readonly limits: OutboxLimits,
    private readonly clock: Clock,
  ) {}

  get size(): number {
    return this.messages;
  }

  get sizeBytes(): number {
    return this.bytes;
  }

  publish(message: WireMessage, options: PublishOptions): Promise<PublishResult> {
    if (this.closed) return Promise.reject(new AppError('closed', 'the broker has stopped'));
    const bytes = message.body.length + OVERHEAD_BYTES;
    if (this.messages >= this.limits.maxMessages || this.bytes + bytes > this.limits.maxBytes) {
      return Promise.reject(
        new AppError('unavailable', `outbox full: ${this.messages} messages, ${this.bytes} bytes wait`),
      );
    }
    const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    const entry: Waiting = {
      sequence: this.sequence++,
      // The caller may reuse its buffer while the message waits here.
      message: { ...message, body: Buffer.from(message.body) },
      mandatory: options.mandatory ?? false,
      expiresAtMs: options.expirationMs === undefined ? undefined : this.clock() + options.expirationMs,
      bytes,
      outcome: deferred(),
      timer: undefined,
      settled: false,
      returned: false,
    };
    entry.timer = setTimeout(() => {
      this.reject(entry, new AppError('unavailable', `message not confirmed within ${timeoutMs} ms`));
      this.tidy();
    }, timeoutMs);
    this.messages += 1;
    this.bytes += bytes;
    this.waiting.push(entry);
    this.pump();
    return entry.outcome.promise;
  }

  /** A channel stands: sends what waits. */
  attach(sink: OutboxSink): void {
    this.sink = sink;
    this.pump();
  }

  /** The channel is gone; `refusal` is why the broker closed it, undefined when the connection was lost. */
  detach(refusal?: unknown): void {
    this.sink = undefined;
    const entries = [...this.underWay];
    this.underWay.clear();
    const only = entries[0];
    if (refusal !== undefined && only !== undefined) {
      if (entries.length === 1) {
        this.reject(only, asAppError(refusal, `publishing to exchange ${only.message.exchange}`));
      } else {
        this.carefulUpTo = entries[entries.length - 1]!.sequence;
      }
    }
    const again = entries.filter((it) => !it.settled);
    for (const entry of again) entry.returned = false;
    this.waiting.putBack(again);
  }

  /** While held (the broker blocks publishers) nothing is sent; deadlines run on. */
  hold(held: boolean): void {
    this.held = held;
    this.pump();
  }

  /** The broker returned a mandatory message; its confirm follows. */
  markReturned(sequence: number): void {
    for (const entry of this.underWay) {
      if (entry.sequence === sequence) entry.returned = true;
    }
  }

  /** Waits until everything is confirmed; rejects with `timeout` when that takes longer. */
  async flush(timeoutMs: number): Promise<void> {
    const emptied = async (): Promise<void> => {
      while (this.messages > 0 && !this.closed) await pause(5);
    };
    await withDeadline(emptied(), timeoutMs, 'flushing the outbox');
  }

  /** Rejects what is left. */
  close(): void {
    this.closed = true;
    this.sink = undefined;
    for (const entry of [...this.underWay, ...this.waiting.drain()]) {
      this.reject(entry, new AppError('closed', 'the broker stopped before the message was confirmed'));
    }
    this.underWay.clear();
  }

  private pump(): void {
    while (this.sink !== undefined && !this.held && this.underWay.size < this.window()) {
      const entry = this.waiting.shift();
      if (entry === undefined) return;
      if (entry.settled) continue;
      if (!this.send(this.sink, entry)) {
        this.waiting.putBack([entry]);
        return;
      }
    }
  }

  private window(): number {
    if (this.carefulUpTo < 0) return WINDOW;
    const next = this.waiting.peek() ?? [...this.underWay][0];
    if (next !== undefined && next.sequence <= this.carefulUpTo) return 1;
    // The last suspect may still be under way; it must not share the channel with the next message.
    if (this.underWay.size > 0) return 1;
    this.carefulUpTo = -1;
    return WINDOW;
  }

  private send(sink: OutboxSink, entry: Waiting): boolean {
    this.underWay.add(entry);
    try {
      const sent = sink.send(entry, (error) => {
        // A callback of a channel that is gone: the entry has been put back and will be confirmed by the next.
        if (this.sink !== sink || !this.underWay.delete(entry)) return;
        if (error === null || error === undefined) this.resolve(entry);
        else
          this.reject(entry, new AppError('unavailable', 'the broker refused the message', { cause: error }));
        this.pump();
      });
      if (!sent) this.underWay.delete(entry);
      return sent;
    } catch (error) {
      this.underWay.delete(entry);
      this.reject(entry, new AppError('bad_request', 'the message cannot be encoded', { cause: error }));
      return true;
    }
  }

  /** What was given up must not pile up where it waited: nobody takes it from there while the broker is away. */
  private tidy(): void {
    if (this.waiting.size <= 2 * this.messages + MAX_GIVEN_UP) return;
    this.waiting.putBack(this.waiting.drain().filter((it) => !it.settled));
  }

  private resolve(entry: Waiting): void {
    if (this.finish(entry)) entry.outcome.resolve({ routed: !entry.returned });
  }

  private reject(entry: Waiting, error: AppError): void {
    if (this.finish(entry)) entry.outcome.reject(error);
  }

  private finish(entry: Waiting): boolean {
    if (entry.settled) return false;
    entry.settled = true;
    clearTimeout(entry.timer);
    this.messages -= 1;
    this.bytes -= entry.bytes;
    // The entry may wait on as a mere shell.
    entry.message = { ...entry.message, body: NOTHING };
    return true;
  }
}
