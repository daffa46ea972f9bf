import type { Channel, ChannelModel, ConsumeMessage } from 'amqplib';
import { isAppError, type Logger, memoised, messageOf, withDeadline } from '@ringdown/core';
import type { ClaimListeners, Subscription } from '../broker';
import type { Outcome } from '../shared/delivery-outcome';
import { AmqpConsumer, closeChannel, openChannel, type OnLost } from './amqp-consumer';

/** A quorum queue without a leader answers nothing, for as long as one waits. */
const SETUP_TIMEOUT_MS = 5_000;
/** Attempts without an answer after which a replaceable queue is made anew. */
const UNANSWERED_BEFORE_REPLACING = 2;

export interface QueueConsumerOptions {
  readonly label: string;
  readonly prefetch: number;
  /** Declares and binds; the name of the queue to consume. */
  readonly declare: (channel: Channel) => Promise<string>;
  /** Never rejects. */
  readonly handle: (message: ConsumeMessage) => Promise<Outcome>;
  /** An exclusive queue that another connection still holds is waited for in the background. */
  readonly waitsForLock?: boolean;
  /**
   * The queue ends with its consumer, before the connection does: since 4.3 RabbitMQ deletes the exclusive queues of a
   * closed connection some time later, and what is published until then is neither consumed nor returned.
   */
  readonly deletesQueue?: boolean;
  /**
   * May be deleted and made anew when it does not answer, because what waits in it is worth nothing by then. RabbitMQ
   * 3.10 that was killed leaves a quorum queue of a single node without a leader now and then, for good.
   */
  readonly replaceable?: boolean;
  /** What somebody else holds is nothing to warn of: the queue stands for a name, and its holder is told of it. */
  readonly listeners?: ClaimListeners;
  readonly logger: Logger;
  readonly onStateChange: () => void;
}

/** A consumer whose messages are acknowledged one by one, each after its handler. */
export class AmqpQueueConsumer extends AmqpConsumer implements Subscription {
  readonly close = memoised(() => this.doClose());
  private readonly running = new Set<Promise<void>>();
  private queue = '';
  private consumerTag = '';
  private unanswered = 0;

  constructor(
    private readonly options: QueueConsumerOptions,
    private readonly onClosed: (consumer: AmqpQueueConsumer) => void,
  ) {
    super(options.label, options.logger, options.onStateChange);
  }

  protected async setup(model: ChannelModel, onLost: OnLost): Promise<Channel> {
    if (this.options.replaceable && this.unanswered >= UNANSWERED_BEFORE_REPLACING) await this.remove(model);
    const channel = await openChannel(model, onLost);
    try {
      await withDeadline(this.consume(channel, onLost), SETUP_TIMEOUT_MS, `setting up ${this.label}`);
    } catch (error) {
      if (isAppError(error) && error.code === 'timeout') this.unanswered += 1;
      void closeChannel(channel);
      throw error;
    }
    this.unanswered = 0;
    return channel;
  }

  private async remove(model: ChannelModel): Promise<void> {
    this.logger.warn('queue does not answer, making it anew', { queue: this.queue });
    const channel = await openChannel(model, () => undefined);
    try {
      await withDeadline(channel.deleteQueue(this.queue), SETUP_TIMEOUT_MS, `deleting ${this.queue}`);
    } finally {
      void closeChannel(channel);
    }
  }

  private async consume(channel: Channel, onLost: OnLost): Promise<void> {
    await channel.prefetch(this.options.prefetch);
    this.queue = await this.options.declare(channel);
    const { consumerTag } = await channel.consume(this.queue, (message) => {
      if (message === null) onLost('cancelled by the server');
      else this.take(channel, message);
    });
    this.consumerTag = consumerTag;
  }

  protected override waitsForLock(): boolean {
    return this.options.waitsForLock ?? false;
  }

  protected override onAttached(): void {
    this.options.listeners?.onHeld();
  }

  protected override onDetached(reason: string): void {
    this.options.listeners?.onLost(reason);
  }

  protected override onLocked(): void {
    if (this.options.listeners === undefined) super.onLocked();
    else this.logger.info('name is held by another process, standing by', { consumer: this.label });
  }

  private take(channel: Channel, message: ConsumeMessage): void {
    const run = this.options
      .handle(message)
      .then((outcome) => settle(channel, message, outcome))
      .catch((error: unknown) =>
        // The channel went meanwhile; the broker delivers the message again.
        this.logger.debug('message not settled', { consumer: this.label, error: messageOf(error) }),
      )
      .finally(() => this.running.delete(run));
    this.running.add(run);
  }

  /**
   * Ends the intake first and handles what was already on its way: a request put back would count as redelivered, and
   * be dropped. The channel closes last, because acknowledgements go through it.
   */
  private async doClose(): Promise<void> {
    this.onClosed(this);
    const channel = this.markClosed();
    try {
      if (this.options.deletesQueue) await channel?.deleteQueue(this.queue);
      else await channel?.cancel(this.consumerTag);
    } catch (error) {
      this.logger.debug('intake not ended in order', { consumer: this.label, error: messageOf(error) });
    }
    while (this.running.size > 0) await Promise.all(this.running);
    if (channel !== undefined) await closeChannel(channel);
  }
}

/** `reject`, not `nack`: from RabbitMQ 4.3 on only the former counts towards a quorum queue's delivery limit. */
function settle(channel: Channel, message: ConsumeMessage, outcome: Outcome): void {
  if (outcome === 'ack') channel.ack(message);
  else channel.reject(message, outcome === 'retry');
}
