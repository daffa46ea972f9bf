import type { Channel, ChannelModel } from 'amqplib';
import { AppError, backoffMs, deferred, type Logger, messageOf, pause, withDeadline } from '@ringdown/core';
import { asAppError, refusalCode } from './amqp-errors';

/** Called by a consumer's setup when what it made is of no use any more. */
export type OnLost = (reason: string) => void;

type State =
  | { readonly name: 'detached' }
  | { readonly name: 'attaching' }
  /** Another connection owns the queue; trying goes on, nobody waits for it. */
  | { readonly name: 'locked' }
  | { readonly name: 'attached'; readonly channel: Channel }
  | { readonly name: 'closed' };

/**
 * Something that consumes, and goes on consuming: one setup function makes its channel, queues, bindings and
 * subscription, and is run again, whole, when the connection is back, when the server cancels the consumer (its queue
 * was deleted) and when its channel dies.
 */
export abstract class AmqpConsumer {
  protected state: State = { name: 'detached' };
  /** Grows with every loss; what was begun under an older one is of no use. */
  protected epoch = 0;
  private settled = deferred();
  private everAttached = false;
  private readonly first = deferred();

  constructor(
    protected readonly label: string,
    protected readonly logger: Logger,
    private readonly onStateChange: () => void,
  ) {
    // Whoever opens the consumer waits for it; nobody does when the connection is lost first.
    this.first.promise.catch(() => undefined);
  }

  /**
   * Resolves when it consumes for the first time. Rejects with what the broker refused, which the first time is the
   * caller's mistake (later it is tried again), or with `closed`.
   */
  get opened(): Promise<void> {
    return this.first.promise;
  }

  /** False while the status must not be `ready` because of it. A new one concerns only who opens it. */
  get isSettled(): boolean {
    return !this.everAttached || (this.state.name !== 'attaching' && this.state.name !== 'detached');
  }

  /** Sets up on a connection and stays with it. Resolves when it consumes, or there is no use in trying. */
  async attach(model: ChannelModel, cause: 'reconnect' | 'cancelled' = 'reconnect'): Promise<void> {
    if (this.state.name === 'closed') return;
    const epoch = ++this.epoch;
    this.setState({ name: 'attaching' });
    for (let attempt = 0; epoch === this.epoch; attempt += 1) {
      try {
        if (await this.tryAttach(model, epoch, cause)) return;
      } catch (error) {
        if (epoch !== this.epoch) return;
        if (refusalCode(error) === 405 && this.waitsForLock()) {
          this.onLocked();
          void this.keepTrying(model, epoch, cause);
          this.first.resolve();
          return;
        }
        if (!this.everAttached && refusalCode(error) !== undefined) {
          this.markClosed();
          this.first.reject(asAppError(error, `setting up ${this.label}`));
          return;
        }
        this.logger.warn('consumer not set up', { consumer: this.label, error: messageOf(error) });
      }
      await pause(backoffMs(attempt, { initialMs: 50, maxMs: 5_000 }));
    }
  }

  /** The connection is gone. */
  detach(reason: string): void {
    if (this.state.name === 'closed') return;
    const consumed = this.state.name === 'attached';
    this.epoch += 1;
    this.setState({ name: 'detached' });
    if (consumed) this.onDetached(reason);
  }

  /** Makes channel, queue and consumer; on failure the channel is closed by the caller's connection or the broker. */
  protected abstract setup(model: ChannelModel, onLost: OnLost): Promise<Channel>;

  /** It consumes again after a loss. */
  protected onRestored(_cause: 'reconnect' | 'cancelled'): void {
    // Most have nobody to tell.
  }

  /** It consumes, for the first time or again. */
  protected onAttached(): void {
    // Most have nobody to tell.
  }

  /** It consumed, and does no more. */
  protected onDetached(_reason: string): void {
    // Most have nobody to tell.
  }

  protected onLocked(): void {
    this.logger.warn('queue is held by another connection, waiting for it', { consumer: this.label });
  }

  /** Whether a queue owned by another connection is waited for in the background. */
  protected waitsForLock(): boolean {
    return false;
  }

  /** Ends the consumer for good, without ceremony: the connection is about to close. */
  abandon(): void {
    if (this.markClosed() !== undefined) this.onDetached('the broker stopped');
    this.first.reject(new AppError('closed', `${this.label} was closed before it was set up`));
  }

  /** Ends the consumer for good; returns its channel, if it had one. */
  protected markClosed(): Channel | undefined {
    const channel = this.state.name === 'attached' ? this.state.channel : undefined;
    this.epoch += 1;
    this.setState({ name: 'closed' });
    return channel;
  }

  /** The channel once attached. Errors: `unavailable` after `timeoutMs`, `closed`. */
  protected async whenAttached(timeoutMs: number): Promise<Channel> {
    const end = performance.now() + timeoutMs;
    for (;;) {
      if (this.state.name === 'attached') return this.state.channel;
      if (this.state.name === 'closed') throw new AppError('closed', `${this.label} is closed`);
      const left = end - performance.now();
      if (left <= 0) throw new AppError('unavailable', `${this.label} is not connected to the broker`);
      await withDeadline(this.settled.promise, left, 'connecting').catch(() => undefined);
    }
  }

  private async tryAttach(
    model: ChannelModel,
    epoch: number,
    cause: 'reconnect' | 'cancelled',
  ): Promise<boolean> {
    let lost: string | undefined;
    const channel = await this.setup(model, (reason) => {
      lost ??= reason;
      // A lost connection closes its channels first and is reported a moment later; only what remains is our business.
      setImmediate(() => {
        if (epoch === this.epoch && this.state.name === 'attached') this.reattach(model, reason);
      });
    });
    if (epoch !== this.epoch) {
      void closeChannel(channel);
      return true;
    }
    if (lost !== undefined) {
      void closeChannel(channel);
      throw new Error(lost);
    }
    const again = this.everAttached;
    this.everAttached = true;
    if (again) this.onRestored(cause);
    this.setState({ name: 'attached', channel });
    this.onAttached();
    this.first.resolve();
    return true;
  }

  private reattach(model: ChannelModel, reason: string): void {
    const channel = this.state.name === 'attached' ? this.state.channel : undefined;
    this.logger.warn('consumer lost, setting it up again', { consumer: this.label, reason });
    if (channel !== undefined) void closeChannel(channel);
    void this.attach(model, 'cancelled');
    if (channel !== undefined) this.onDetached(reason);
  }

  private async keepTrying(
    model: ChannelModel,
    epoch: number,
    cause: 'reconnect' | 'cancelled',
  ): Promise<void> {
    this.setState({ name: 'locked' });
    for (let attempt = 0; epoch === this.epoch; attempt += 1) {
      await pause(backoffMs(attempt, { initialMs: 500, maxMs: 2_000 }));
      if (epoch !== this.epoch) return;
      try {
        if (await this.tryAttach(model, epoch, cause)) return;
      } catch (error) {
        this.logger.debug('queue still held', { consumer: this.label, error: messageOf(error) });
      }
    }
  }

  private setState(state: State): void {
    this.state = state;
    // Whoever waits looks at the new state and waits again if it is not what it wants.
    this.settled.resolve();
    this.settled = deferred();
    this.onStateChange();
  }
}

/** Opens a channel whose death is reported once and never thrown. */
export async function openChannel(model: ChannelModel, onLost: OnLost): Promise<Channel> {
  const channel = await model.createChannel();
  let reason = 'channel closed';
  channel.on('error', (error) => {
    reason = error.message;
  });
  channel.on('close', () => onLost(reason));
  return channel;
}

/** Closes a channel, in whatever state it is. amqplib never answers a close that its connection does not survive. */
export async function closeChannel(channel: Channel): Promise<void> {
  await new Promise<void>((resolve) => {
    channel.once('close', () => resolve());
    channel.close().then(resolve, () => resolve());
  });
}
