import type { Channel, ChannelModel, ConsumeMessage } from 'amqplib';
import { type Logger, memoised, messageOf } from '@ringdown/core';
import type { Subscription } from '../broker';
import type { Outcome } from '../shared/delivery-outcome';
import { AmqpConsumer, closeChannel, openChannel, type OnLost } from './amqp-consumer';

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
  readonly logger: Logger;
  readonly onStateChange: () => void;
}

/** A consumer whose messages are acknowledged one by one, each after its handler. */
export class AmqpQueueConsumer extends AmqpConsumer implements Subscription {
  readonly close = memoised(() => this.doClose());
  private readonly running = new Set<Promise<void>>();
  private queue = '';
  private consumerTag = '';

  constructor(
    private readonly options: QueueConsumerOptions,
    private readonly onClosed: (consumer: AmqpQueueConsumer) => void,
  ) {
    super(options.label, options.logger, options.onStateChange);
  }

  protected async setup(model: ChannelModel, onLost: OnLost): Promise<Channel> {
    const channel = await openChannel(model, onLost);
    await channel.prefetch(this.options.prefetch);
    this.queue = await this.options.declare(channel);
    const { consumerTag } = await channel.consume(this.queue, (message) => {
      if (message === null) onLost('cancelled by the server');
      else this.take(channel, message);
    });
    this.consumerTag = consumerTag;
    return channel;
  }

  protected override waitsForLock(): boolean {
    return this.options.waitsForLock ?? false;
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
