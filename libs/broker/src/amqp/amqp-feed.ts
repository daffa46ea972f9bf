import type { Channel, ChannelModel, ConsumeMessage } from 'amqplib';
import { AppError, type Clock, type Logger, memoised, messageOf, pause, withDeadline } from '@ringdown/core';
import type { Feed, FeedHandlers, Gap } from '../broker';
import { GapNotice, OVERFLOW_WINDOW_MS } from '../shared/gap-notice';
import { overflowQueueName } from '../shared/topology';
import { AmqpConsumer, closeChannel, openChannel, type OnLost } from './amqp-consumer';
import { asAppError, refusalCode } from './amqp-errors';
import { deathTimeMs, toWireMessage } from './amqp-message';
import type { BindPool } from './bind-pool';

const BIND_TIMEOUT_MS = 10_000;
const UNBIND_ON_CLOSE_MS = 3_000;
const DELETE_ON_CLOSE_MS = 2_000;
/** A signal this soon after the last was told waited for it. */
const SAME_OVERFLOW_MS = 1_000;
/** How far back a message's own timestamp may move the start of a gap; foreign clocks are not to be trusted. */
const MAX_BACKLOG_MS = 600_000;

export interface AmqpFeedOptions {
  readonly name: string;
  readonly maxLength: number;
  readonly prefetch: number;
  readonly pool: BindPool;
  /** Unix milliseconds of the last sign of life on the connection. */
  readonly lastHeardMs: () => number;
  readonly onHeard: () => void;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly onStateChange: () => void;
}

interface Binding {
  readonly exchange: string;
  readonly pattern: string;
}

/**
 * An exclusive, bounded queue with dynamic bindings. `bound` is what the broker confirmed and what is restored after a
 * loss; binds and unbinds of one pair take turns, so the last call wins.
 *
 * Overflow: the queue drops its oldest message (`drop-head`) to a second exclusive queue of length one, whose message
 * says when the loss began. It is acknowledged only after the gap was told, so a flood costs one message, not one each.
 */
export class AmqpFeed extends AmqpConsumer implements Feed {
  readonly close = memoised(() => this.doClose());
  private readonly bound = new Map<string, Binding>();
  private readonly turns = new Map<string, Promise<void>>();
  private readonly overflow: GapNotice;
  private overflowSignals: (() => void)[] = [];
  /** When the last overflow signal came, and when it was told and acknowledged. */
  private overflowNotedMs = 0;
  private overflowToldMs = 0;
  private queue: string;
  private lockouts = 0;
  private backlogMs = 0;
  private lostSinceMs = 0;
  private unacknowledged: { readonly channel: Channel; readonly message: ConsumeMessage } | undefined;
  private overflowChannel: Channel | undefined;

  constructor(
    private readonly options: AmqpFeedOptions,
    private readonly handlers: FeedHandlers,
    private readonly onClosed: (feed: AmqpFeed) => void,
  ) {
    super(options.name, options.logger, options.onStateChange);
    this.queue = options.name;
    this.overflow = new GapNotice(OVERFLOW_WINDOW_MS, (sinceMs) => {
      this.tellGap({ reason: 'overflow', sinceMs });
      this.overflowToldMs = options.clock();
      for (const acknowledge of this.overflowSignals.splice(0)) acknowledge();
    });
  }

  get bindings(): readonly Binding[] {
    return [...this.bound.values()];
  }

  bind(exchange: string, pattern: string): Promise<void> {
    const key = keyOf(exchange, pattern);
    return this.inTurn(key, async () => {
      const end = performance.now() + BIND_TIMEOUT_MS;
      while (!this.bound.has(key)) {
        await this.whenAttached(end - performance.now());
        const epoch = this.epoch;
        try {
          await this.options.pool.run((channel) => channel.bindQueue(this.queue, exchange, pattern));
          if (epoch === this.epoch) this.bound.set(key, { exchange, pattern });
        } catch (error) {
          const refused = refusalCode(error) !== undefined && epoch === this.epoch;
          if (refused || performance.now() > end)
            throw asAppError(error, `binding ${pattern} to ${exchange}`);
          await pause(10);
        }
      }
    });
  }

  unbind(exchange: string, pattern: string): Promise<void> {
    const key = keyOf(exchange, pattern);
    return this.inTurn(key, async () => {
      // Forgotten first: if the connection goes now, the binding is not restored, and that is all it takes.
      if (!this.bound.delete(key)) return;
      while (this.state.name === 'attached' || this.state.name === 'attaching') {
        await this.whenAttached(BIND_TIMEOUT_MS).catch(() => undefined);
        const epoch = this.epoch;
        try {
          await this.options.pool.run((channel) => channel.unbindQueue(this.queue, exchange, pattern));
          if (epoch === this.epoch) return;
        } catch (error) {
          if (refusalCode(error) !== undefined && epoch === this.epoch) return;
          await pause(10);
        }
      }
    });
  }

  override detach(reason: string): void {
    this.noteLoss();
    super.detach(reason);
  }

  protected async setup(model: ChannelModel, onLost: OnLost): Promise<Channel> {
    const { epoch } = this;
    let useful = true;
    const lost = (reason: string): void => {
      if (!useful || epoch !== this.epoch) return;
      this.noteLoss();
      onLost(reason);
    };
    const channel = await openChannel(model, lost);
    try {
      await this.declare(channel);
      await Promise.all(this.bindings.map((it) => this.restore(it)));
      await this.watchOverflow(model, lost);
      await channel.consume(this.queue, (message) => {
        if (message === null) lost('cancelled by the server');
        else this.onMessage(channel, message);
      });
      return channel;
    } catch (error) {
      // Tried again on the same connection, which has only so many channels.
      useful = false;
      void closeChannel(channel);
      throw error;
    }
  }

  protected override onRestored(reason: 'reconnect' | 'cancelled'): void {
    this.tellGap({ reason, sinceMs: this.lostSinceMs });
    this.lostSinceMs = 0;
  }

  private async restore({ exchange, pattern }: Binding): Promise<void> {
    try {
      await this.options.pool.run((channel) => channel.bindQueue(this.queue, exchange, pattern));
    } catch (error) {
      // Anything else, a queue that vanished again for one, is no reason to forget what was subscribed to.
      if (!isMissingExchange(error)) throw error;
      // The other bindings must not stay away because of it.
      this.bound.delete(keyOf(exchange, pattern));
      this.logger.error('binding not restored', {
        feed: this.label,
        exchange,
        pattern,
        error: messageOf(error),
      });
    }
  }

  /** On a channel of its own, because `multiple` acknowledgements of the feed would cover its messages. */
  private async watchOverflow(model: ChannelModel, onLost: OnLost): Promise<void> {
    const previous = this.overflowChannel;
    const channel = await openChannel(model, (reason) => {
      if (this.overflowChannel === channel) onLost(reason);
    });
    this.overflowChannel = channel;
    if (previous !== undefined) void closeChannel(previous);
    await channel.prefetch(1);
    await channel.consume(overflowQueueName(this.queue), (message) => {
      // Without it an overflow would go unheard.
      if (message === null) onLost('overflow queue cancelled by the server');
      else this.onOverflow(channel, message);
    });
  }

  private async declare(channel: Channel): Promise<void> {
    try {
      await this.declareQueues(channel);
    } catch (error) {
      // The broker has not noticed yet that our last connection is dead. Its queue will go with it; take another name.
      if (refusalCode(error) === 405) this.queue = `${this.options.name}.${++this.lockouts}`;
      throw error;
    }
  }

  private async declareQueues(channel: Channel): Promise<void> {
    await channel.prefetch(this.options.prefetch);
    const overflow = overflowQueueName(this.queue);
    await channel.assertQueue(overflow, {
      exclusive: true,
      durable: false,
      arguments: { 'x-max-length': 1 },
    });
    await channel.assertQueue(this.queue, {
      exclusive: true,
      durable: false,
      arguments: {
        'x-max-length': this.options.maxLength,
        'x-dead-letter-exchange': '',
        'x-dead-letter-routing-key': overflow,
      },
    });
  }

  private onMessage(channel: Channel, message: ConsumeMessage): void {
    this.options.onHeard();
    const wire = toWireMessage(message);
    if (wire.timestampMs !== undefined) {
      this.backlogMs = Math.min(MAX_BACKLOG_MS, Math.max(0, this.options.clock() - wire.timestampMs));
    }
    this.guarded(() => this.handlers.onMessage(wire));
    const scheduled = this.unacknowledged !== undefined;
    this.unacknowledged = { channel, message };
    // One acknowledgement for everything that came in this turn of the event loop.
    if (!scheduled) setImmediate(() => this.acknowledge());
  }

  private acknowledge(): void {
    const last = this.unacknowledged;
    this.unacknowledged = undefined;
    if (last !== undefined) ackQuietly(last.channel, last.message, true);
  }

  private onOverflow(channel: Channel, message: ConsumeMessage): void {
    const nowMs = this.options.clock();
    const diedMs = deathTimeMs(message) ?? nowMs;
    const publishedMs = toWireMessage(message).timestampMs ?? diedMs;
    this.overflow.note(Math.max(diedMs - MAX_BACKLOG_MS, Math.min(publishedMs, diedMs)));
    // The last of what was dropped while the signal before waited for its acknowledgement: the loss began there.
    if (nowMs - this.overflowToldMs < SAME_OVERFLOW_MS) this.overflow.note(this.overflowNotedMs);
    this.overflowNotedMs = nowMs;
    this.overflowSignals.push(() => ackQuietly(channel, message, false));
  }

  private noteLoss(): void {
    if (this.state.name === 'attached' && this.lostSinceMs === 0)
      this.lostSinceMs = this.options.lastHeardMs() - this.backlogMs;
  }

  private tellGap(gap: Gap): void {
    this.guarded(() => this.handlers.onGap(gap));
  }

  private guarded(run: () => void): void {
    try {
      run();
    } catch (error) {
      this.logger.error('feed handler failed', { feed: this.label, error: messageOf(error) });
    }
  }

  private inTurn(key: string, run: () => Promise<void>): Promise<void> {
    if (this.state.name === 'closed') {
      return Promise.reject(new AppError('closed', `feed ${this.label} is closed`));
    }
    const turn = (this.turns.get(key) ?? Promise.resolve()).then(run);
    const settled = turn
      .catch(() => undefined)
      .finally(() => {
        if (this.turns.get(key) === settled) this.turns.delete(key);
      });
    this.turns.set(key, settled);
    return turn;
  }

  /**
   * Unbinds before it deletes: removing a queue with thousands of bindings in one step has stalled publishers for
   * minutes (rabbitmq-server#12926).
   */
  private async doClose(): Promise<void> {
    this.onClosed(this);
    const channel = this.markClosed();
    this.overflow.clear();
    const overflowChannel = this.overflowChannel;
    this.overflowChannel = undefined;
    const bindings = this.bindings;
    this.bound.clear();
    if (channel === undefined) return;
    const unbinding = Promise.allSettled(
      bindings.map(({ exchange, pattern }) =>
        this.options.pool.run((it) => it.unbindQueue(this.queue, exchange, pattern)),
      ),
    );
    await withDeadline(unbinding, UNBIND_ON_CLOSE_MS, 'unbinding').catch(() => undefined);
    const deleting = async (): Promise<void> => {
      await channel.deleteQueue(this.queue);
      await channel.deleteQueue(overflowQueueName(this.queue));
      await Promise.all([channel, overflowChannel].map((it) => it && closeChannel(it)));
    };
    // A connection that went silent answers nothing; it takes the queues with it when it ends.
    await withDeadline(deleting(), DELETE_ON_CLOSE_MS, 'deleting the queues').catch((error: unknown) =>
      this.logger.debug('feed not closed cleanly', { feed: this.label, error: messageOf(error) }),
    );
  }
}

/** RabbitMQ answers 404 for a queue that is gone, too. */
function isMissingExchange(error: unknown): boolean {
  return refusalCode(error) === 404 && messageOf(error).includes('no exchange');
}

function ackQuietly(channel: Channel, message: ConsumeMessage, allUpTo: boolean): void {
  try {
    channel.ack(message, allUpTo);
  } catch {
    // The channel is gone, and with it the need.
  }
}

function keyOf(exchange: string, pattern: string): string {
  return `${exchange} ${pattern}`;
}
