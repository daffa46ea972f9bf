import { AppError, type Clock, type Logger, messageOf } from '@ringdown/core';
import type { Feed, FeedHandlers } from '../broker';
import { GapNotice, OVERFLOW_WINDOW_MS } from '../shared/gap-notice';
import type { EmbeddedExchanges } from './embedded-exchanges';
import type { EmbeddedQueue, QueueConsumer, QueueEntry } from './embedded-queue';

export interface EmbeddedFeedOptions {
  readonly exchanges: EmbeddedExchanges;
  readonly name: string;
  readonly owner: object;
  readonly maxLength: number;
  readonly prefetch: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** A bounded exclusive queue with dynamic bindings; takes up to `prefetch` messages per turn of the event loop. */
export class EmbeddedFeed implements Feed {
  readonly queue: EmbeddedQueue;
  private readonly bound = new Map<string, { exchange: string; pattern: string }>();
  private readonly consumer: QueueConsumer;
  private readonly overflow: GapNotice;
  private handled = 0;
  private closed = false;

  constructor(
    private readonly options: EmbeddedFeedOptions,
    private readonly handlers: FeedHandlers,
  ) {
    this.overflow = new GapNotice(OVERFLOW_WINDOW_MS, (sinceMs) =>
      this.guarded(() => handlers.onGap({ reason: 'overflow', sinceMs })),
    );
    this.queue = options.exchanges.declare({
      name: options.name,
      owner: options.owner,
      maxLength: options.maxLength,
      onDead: ({ message }) => this.overflow.note(message.timestampMs ?? options.clock()),
    });
    this.consumer = { prefetch: options.prefetch, inFlight: 0, deliver: (entry) => this.deliver(entry) };
    this.queue.addConsumer(this.consumer);
  }

  get bindings(): readonly { readonly exchange: string; readonly pattern: string }[] {
    return [...this.bound.values()];
  }

  async bind(exchange: string, pattern: string): Promise<void> {
    if (this.closed) throw new AppError('closed', `feed ${this.options.name} is closed`);
    this.options.exchanges.bind(this.queue, exchange, pattern);
    this.bound.set(`${exchange} ${pattern}`, { exchange, pattern });
  }

  async unbind(exchange: string, pattern: string): Promise<void> {
    if (!this.bound.delete(`${exchange} ${pattern}`)) return;
    this.options.exchanges.unbind(this.queue, exchange, pattern);
  }

  async close(): Promise<void> {
    this.closed = true;
    this.overflow.clear();
    this.bound.clear();
    this.queue.removeConsumer(this.consumer);
    this.options.exchanges.delete(this.queue);
  }

  private deliver({ message }: QueueEntry): void {
    this.guarded(() => this.handlers.onMessage(message));
    // Places are given back together at the end of the turn, so that a full feed does not starve the event loop.
    if (this.handled++ > 0) return;
    setImmediate(() => {
      const count = this.handled;
      this.handled = 0;
      this.queue.release(this.consumer, count);
    });
  }

  private guarded(run: () => void): void {
    try {
      run();
    } catch (error) {
      this.options.logger.error('feed handler failed', { feed: this.options.name, error: messageOf(error) });
    }
  }
}
