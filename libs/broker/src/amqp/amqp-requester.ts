import type { Channel, ChannelModel, ConsumeMessage } from 'amqplib';
import { AppError, backoffMs, type Clock, type Logger, messageOf, pause } from '@ringdown/core';
import type { OutgoingRequest, RequestListener } from '../shared/transport';
import { asText, setOnly } from './amqp-message';

/** RabbitMQ's direct reply-to: replies come without a queue, to the channel that asked. */
const REPLY_TO = 'amq.rabbitmq.reply-to';

/**
 * The two channels of requests, both on the publishing connection, so that consuming is never stalled by an alarm.
 * One consumes replies and publishes requests (direct reply-to wants both on one channel); the other publishes replies,
 * so that a bad reply address of a foreign requester does not cost our own requests their answers.
 */
export class AmqpRequester {
  private model: ChannelModel | undefined;
  private asking: Channel | undefined;
  private answering: Channel | undefined;
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
    await Promise.all([this.openAsking(model), this.openAnswering(model)]);
  }

  /** The connection is gone: so are all replies. */
  detach(reason: string): void {
    this.model = undefined;
    this.asking = undefined;
    this.answering = undefined;
    this.listener?.onLost(reason);
  }

  setBlocked(blocked: boolean): void {
    this.blocked = blocked;
  }

  send(request: OutgoingRequest): void {
    const channel = this.asking;
    if (channel === undefined) throw new AppError('unavailable', 'not connected to the broker');
    if (this.blocked) throw new AppError('unavailable', 'the broker takes no messages at the moment');
    const { traceparent } = request;
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
      headers: traceparent === undefined ? {} : { traceparent },
    });
  }

  /** Answers a request, as far as it can: a requester that is gone, or a lost connection, is its own problem. */
  reply(request: ConsumeMessage, body: Buffer): void {
    const replyTo = asText(request.properties.replyTo);
    if (replyTo === undefined) return;
    try {
      const correlationId = asText(request.properties.correlationId);
      const properties = { correlationId, type: 'reply', appId: this.appId, contentType: 'application/json' };
      this.answering?.publish('', replyTo, body, setOnly(properties));
    } catch (error) {
      this.logger.warn('reply not sent', { error: messageOf(error) });
    }
  }

  private async openAsking(model: ChannelModel): Promise<void> {
    const channel = await model.createChannel();
    channel.on('error', (error) => this.logger.warn('request channel closed', { error: error.message }));
    channel.on('close', () => {
      if (this.asking !== channel) return;
      this.asking = undefined;
      this.listener?.onLost('the request channel was closed');
      void this.reopen(model, () => this.openAsking(model));
    });
    channel.on('return', ({ properties }) => this.listener?.onReturn(asText(properties.correlationId) ?? ''));
    const onReply = (message: ConsumeMessage | null): void => {
      if (message !== null) {
        this.listener?.onReply(asText(message.properties.correlationId) ?? '', message.content);
      }
    };
    await channel.consume(REPLY_TO, onReply, { noAck: true });
    this.asking = channel;
  }

  private async openAnswering(model: ChannelModel): Promise<void> {
    const channel = await model.createChannel();
    channel.on('error', (error) => this.logger.warn('reply channel closed', { error: error.message }));
    channel.on('close', () => {
      if (this.answering !== channel) return;
      this.answering = undefined;
      void this.reopen(model, () => this.openAnswering(model));
    });
    this.answering = channel;
  }

  private async reopen(model: ChannelModel, open: () => Promise<void>): Promise<void> {
    for (let attempt = 0; ; attempt += 1) {
      await pause(attempt === 0 ? 0 : backoffMs(attempt, { initialMs: 50, maxMs: 2_000 }));
      if (this.model !== model) return;
      try {
        return await open();
      } catch (error) {
        this.logger.warn('channel not opened', { error: messageOf(error) });
      }
    }
  }
}
