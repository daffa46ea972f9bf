import type { Channel, ChannelModel, ConsumeMessage } from 'amqplib';
import { deferred, type Logger, messageOf, withDeadline } from '@ringdown/core';
import { AmqpLink } from './amqp-link';
import { asText, setOnly } from './amqp-message';

const WAIT_FOR_CONNECTION_MS = 2_000;

export interface AmqpReplierOptions {
  readonly urls: readonly string[];
  readonly name: string;
  readonly appId: string;
  readonly logger: Logger;
}

/**
 * Sends replies, over a connection of its own that is opened by the first `open`. RabbitMQ closes the whole connection
 * of whoever publishes to a forged direct reply-to address (541, seen on 3.10), and the address comes from the
 * requester: here it costs the replies of that moment, and neither events nor our own requests.
 */
export class AmqpReplier {
  private readonly link: AmqpLink;
  private opening: Promise<void> | undefined;
  private channel: Channel | undefined;
  private connected = deferred();

  constructor(private readonly options: AmqpReplierOptions) {
    this.link = new AmqpLink({
      urls: options.urls,
      name: options.name,
      logger: options.logger,
      setup: (model) => this.attach(model),
      onUp: () => undefined,
      onDown: () => {
        this.channel = undefined;
      },
      onBlocked: () => undefined,
    });
  }

  /** Resolves when replies can be sent. */
  open(): Promise<void> {
    return (this.opening ??= this.link.open());
  }

  async close(): Promise<void> {
    await this.link.close();
  }

  /** As far as it can: a requester that is gone, or waits no longer, is not waited for. */
  async reply(request: ConsumeMessage, body: Buffer): Promise<void> {
    const replyTo = asText(request.properties.replyTo);
    if (replyTo === undefined || replyTo === '') return;
    const correlationId = asText(request.properties.correlationId);
    const properties = {
      correlationId,
      type: 'reply',
      appId: this.options.appId,
      contentType: 'application/json',
    };
    try {
      if (this.channel === undefined) {
        await withDeadline(this.connected.promise, WAIT_FOR_CONNECTION_MS, 'connecting');
      }
      this.channel?.publish('', replyTo, body, setOnly(properties));
    } catch (error) {
      this.options.logger.warn('reply not sent', { error: messageOf(error) });
    }
  }

  private async attach(model: ChannelModel): Promise<void> {
    const channel = await model.createChannel();
    channel.on('error', (error) =>
      this.options.logger.warn('reply channel closed', { error: error.message }),
    );
    channel.on('close', () => {
      if (this.channel !== channel) return;
      this.channel = undefined;
      this.connected = deferred();
      // A lost connection is re-opened by the link; a refused reply costs only the channel.
      setImmediate(() => void this.attach(model).catch(() => undefined));
    });
    this.channel = channel;
    this.connected.resolve();
  }
}
