import type { Channel, ChannelModel, ConsumeMessage } from 'amqplib';
import { AppError, backoffMs, type Clock, type Logger, messageOf, pause } from '@ringdown/core';
import type { OutgoingRequest, RequestListener } from '../shared/transport';
import { asText } from './amqp-message';

/** RabbitMQ's direct reply-to: replies come without a queue, to the channel that asked. */
const REPLY_TO = 'amq.rabbitmq.reply-to';

/**
 * The channel of our requests: it consumes the replies and publishes the requests, as direct reply-to demands. It lives
 * on the publishing connection, so that consuming is never stalled by an alarm.
 */
export class AmqpRequester {
  private model: ChannelModel | undefined;
  private channel: Channel | undefined;
  private blocked = false;
  private listener: RequestListener | undefined;

  constructor(
    private readonly appId: string,
    private readonly clock: Clock,
    private readonly logger: Logger,
  ) {}

  setListener(listener: RequestListener): void {
    this.listener = listener;
  }

  /** Part of the connection's setup. */
  async attach(model: ChannelModel): Promise<void> {
    this.model = model;
    this.blocked = false;
    await this.open(model);
  }

  /** The connection is gone: so are all replies. */
  detach(reason: string): void {
    this.model = undefined;
    this.channel = undefined;
    this.listener?.onLost(reason);
  }

  setBlocked(blocked: boolean): void {
    this.blocked = blocked;
  }

  send(request: OutgoingRequest): void {
    const channel = this.channel;
    if (channel === undefined) throw new AppError('unavailable', 'not connected to the broker');
    if (this.blocked) throw new AppError('unavailable', 'the broker takes no messages at the moment');
    channel.publish('', request.queue, request.body, {
      mandatory: true,
      replyTo: REPLY_TO,
      correlationId: request.correlationId,
      messageId: request.requestId,
      type: request.operation,
      appId: this.appId,
      contentType: 'application/json',
      timestamp: Math.floor(this.clock() / 1000),
      expiration: String(Math.max(0, Math.ceil(request.expirationMs))),
      headers: request.headers,
    });
  }

  private async open(model: ChannelModel): Promise<void> {
    const channel = await model.createChannel();
    channel.on('error', (error) => this.logger.warn('request channel closed', { error: error.message }));
    channel.on('close', () => {
      if (this.channel !== channel) return;
      this.channel = undefined;
      this.listener?.onLost('the request channel was closed');
      void this.reopen(model);
    });
    channel.on('return', ({ properties }) => this.listener?.onReturn(asText(properties.correlationId) ?? ''));
    const onReply = (message: ConsumeMessage | null): void => {
      if (message !== null) {
        this.listener?.onReply(asText(message.properties.correlationId) ?? '', message.content);
      }
    };
    await channel.consume(REPLY_TO, onReply, { noAck: true });
    this.channel = channel;
  }

  private async reopen(model: ChannelModel): Promise<void> {
    for (let attempt = 0; ; attempt += 1) {
      await pause(attempt === 0 ? 0 : backoffMs(attempt, { initialMs: 50, maxMs: 2_000 }));
      if (this.model !== model) return;
      try {
        return await this.open(model);
      } catch (error) {
        this.logger.warn('request channel not opened', { error: messageOf(error) });
      }
    }
  }
}
