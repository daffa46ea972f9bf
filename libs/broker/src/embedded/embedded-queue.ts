import { withoutTrace, type Clock } from '@ringdown/core';
import type { WireMessage } from '@ringdown/contracts';
import { Fifo } from '../shared/fifo';

/** A message inside the hub: the wire message and what AMQP would carry beside it. */
export interface QueuedMessage {
  readonly message: WireMessage;
  readonly expirationMs?: number | undefined;
  readonly replyTo?: string | undefined;
  readonly correlationId?: string | undefined;
}

/** A message in one queue. `deliveries` counts how often a consumer got it. */
export interface QueueEntry extends QueuedMessage {
  readonly sequence: number;
  readonly expiresAtMs: number;
  deliveries: number;
}

export interface QueueConsumer {
  readonly prefetch: number;
  inFlight: number;
  deliver(entry: QueueEntry): void;
}

export interface QueueSettings {
  readonly name: string;
  /** Exclusive to this connection and deleted with it; undefined: durable. */
  readonly owner?: object | undefined;
  readonly maxLength?: number | undefined;
  /** Takes what is rejected, expired or dropped. */
  readonly onDead?: ((entry: QueueEntry) => void) | undefined;
}

/**
 * One queue: round robin over its consumers, each up to its prefetch; put-back messages return to their old place.
 * Delivery happens in a later turn of the event loop, never inside the publisher's call.
 */
export class EmbeddedQueue {
  private readonly ready = new Fifo<QueueEntry>();
  private readonly consumers: QueueConsumer[] = [];
  private nextConsumer = 0;
  private sequence = 0;
  private scheduled = false;

  constructor(
    readonly settings: QueueSettings,
    private readonly clock: Clock,
  ) {}

  get size(): number {
    return this.ready.size;
  }

  push(queued: QueuedMessage): void {
    const expiresAtMs = queued.expirationMs === undefined ? Infinity : this.clock() + queued.expirationMs;
    // Every queue has bytes of its own: what one consumer does to a message is no other consumer's business.
    const message = {
      ...queued.message,
      body: Buffer.from(queued.message.body),
      headers: { ...queued.message.headers },
    };
    this.ready.push({ ...queued, message, expiresAtMs, sequence: this.sequence++, deliveries: 0 });
    const { maxLength } = this.settings;
    if (maxLength !== undefined && this.ready.size > maxLength) this.settings.onDead?.(this.ready.shift()!);
    this.schedule();
  }

  putBack(entry: QueueEntry): void {
    this.ready.insertBefore(entry, (other) => other.sequence > entry.sequence);
    this.schedule();
  }

  addConsumer(consumer: QueueConsumer): void {
    this.consumers.push(consumer);
    this.schedule();
  }

  removeConsumer(consumer: QueueConsumer): void {
    const at = this.consumers.indexOf(consumer);
    if (at >= 0) this.consumers.splice(at, 1);
  }

  /** The consumer is done with `count` messages. */
  release(consumer: QueueConsumer, count: number): void {
    consumer.inFlight -= count;
    this.schedule();
  }

  private schedule(): void {
    if (this.scheduled || this.ready.size === 0) return;
    this.scheduled = true;
    // Whoever happens to start the turn: it is for the messages of others, too.
    withoutTrace(() =>
      setImmediate(() => {
        this.scheduled = false;
        this.dispatch();
      }),
    );
  }

  private dispatch(): void {
    for (;;) {
      const consumer = this.freeConsumer();
      const entry = consumer === undefined ? undefined : this.ready.shift();
      if (consumer === undefined || entry === undefined) return;
      if (entry.expiresAtMs <= this.clock()) {
        this.settings.onDead?.(entry);
        continue;
      }
      consumer.inFlight += 1;
      entry.deliveries += 1;
      consumer.deliver(entry);
    }
  }

  private freeConsumer(): QueueConsumer | undefined {
    const count = this.consumers.length;
    const start = this.nextConsumer++;
    for (let turn = 0; turn < count; turn += 1) {
      const consumer = this.consumers[(start + turn) % count]!;
      if (consumer.inFlight < consumer.prefetch) return consumer;
    }
    return undefined;
  }
}
