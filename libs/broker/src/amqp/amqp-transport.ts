import type { Channel, ChannelModel, ConsumeMessage } from 'amqplib';
import { AppError, type Clock, type Logger, memoised, messageOf, pause } from '@ringdown/core';
import type { WireMessage } from '@ringdown/contracts';
import type {
  BrokerStatus,
  ClaimListeners,
  Delivery,
  Feed,
  FeedHandlers,
  FeedOptions,
  LogHandlers,
  LogOptions,
  PublishOptions,
  PublishResult,
  Subscription,
  WorkQueueOptions,
} from '../broker';
import {
  DEFAULT_DELIVERY_LIMIT,
  DEFAULT_FEED_PREFETCH,
  DEFAULT_LOG_PREFETCH,
  DEFAULT_PREFETCH,
  type Outcome,
  outcomeOfFailure,
  retryDelayMs,
} from '../shared/delivery-outcome';
import { completeMessage } from '../shared/outgoing';
import { StatusCell } from '../shared/status-cell';
import {
  deadQueueName,
  EVENT_EXCHANGES,
  feedQueueName,
  isDeadQueue,
  type JournalLimits,
  requestQueueName,
} from '../shared/topology';
import type {
  OutgoingRequest,
  RequestHandler,
  RequestListener,
  ServeRequestsOptions,
  Transport,
  TransportLog,
} from '../shared/transport';
import { type AmqpConsumer, closeChannel } from './amqp-consumer';
import { AmqpFeed } from './amqp-feed';
import { AmqpJournals } from './amqp-journals';
import { AmqpLink } from './amqp-link';
import { AmqpLog } from './amqp-log';
import { asText, earlierDeliveries, toDeadLetter, toWireMessage } from './amqp-message';
import { AmqpPublisher } from './amqp-publisher';
import { AmqpQueueConsumer, type QueueConsumerOptions } from './amqp-queue-consumer';
import { AmqpReplier } from './amqp-replier';
import { AmqpRequester } from './amqp-requester';
import { BindPool } from './bind-pool';
import { Outbox, type OutboxLimits } from './outbox';

const FLUSH_TIMEOUT_MS = 5_000;

export interface AmqpTransportOptions {
  readonly urls: readonly string[];
  readonly service: string;
  readonly instance: string;
  readonly outbox: OutboxLimits;
  readonly journal: JournalLimits;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * RabbitMQ as a transport. Two connections, because an alarm stops whatever a publishing connection sends, and
 * acknowledgements must go on: one publishes (events, requests), one consumes (feeds, queues, bindings). Whoever serves
 * requests has a third for its replies.
 */
export class AmqpTransport implements Transport {
  readonly start = memoised(() => this.doStart());
  readonly stop = memoised(() => this.doStop());

  private readonly cell: StatusCell;
  private readonly outbox: Outbox;
  private readonly publisher: AmqpPublisher;
  private readonly requester: AmqpRequester;
  private readonly replier: AmqpReplier;
  private readonly journals: AmqpJournals;
  private readonly pool = new BindPool();
  private readonly publishing: AmqpLink;
  private readonly consuming: AmqpLink;
  private readonly consumers = new Set<AmqpConsumer>();
  private readonly feedNames = new Set<string>();
  private publishingUp = false;
  private consumingUp = false;
  private consumingModel: ChannelModel | undefined;
  private blockedReason: string | undefined;
  private downReason: string | undefined;
  private everReady = false;
  private stopped = false;
  private lastHeardMs = 0;

  constructor(private readonly options: AmqpTransportOptions) {
    const { service, clock, logger } = options;
    this.cell = new StatusCell(clock, logger);
    this.outbox = new Outbox(options.outbox, clock);
    this.journals = new AmqpJournals(options.journal, logger);
    this.publisher = new AmqpPublisher(this.outbox, clock, logger);
    this.requester = new AmqpRequester(service, clock, logger);
    this.replier = new AmqpReplier({
      urls: options.urls,
      name: this.connectionName('reply'),
      appId: service,
      logger,
    });
    this.publishing = this.link('publish', {
      setup: async (model) => {
        await this.declareTopology(model);
        await this.publisher.attach(model);
        await this.requester.attach(model);
      },
      onUp: () => {
        this.publishingUp = true;
      },
      onDown: (reason) => {
        this.publishingUp = false;
        this.blockedReason = undefined;
        this.publisher.detach();
        this.requester.detach(reason);
        this.outbox.hold(false);
      },
    });
    this.consuming = this.link('consume', {
      setup: async (model) => {
        await this.declareTopology(model);
        this.consumingModel = model;
        this.pool.attach(model);
        await Promise.all([...this.consumers].map((it) => it.attach(model)));
      },
      onUp: () => {
        this.consumingUp = true;
        this.lastHeardMs = clock();
      },
      onDown: (reason) => {
        this.consumingUp = false;
        this.consumingModel = undefined;
        this.pool.detach();
        for (const consumer of this.consumers) consumer.detach(reason);
      },
    });
  }

  status(): BrokerStatus {
    return this.cell.get();
  }

  onStatus(listener: (status: BrokerStatus) => void): () => void {
    return this.cell.subscribe(listener);
  }

  setRequestListener(listener: RequestListener): void {
    this.requester.setListener(listener);
  }

  publish(message: WireMessage, options: PublishOptions): Promise<PublishResult> {
    return this.outbox.publish(message, options);
  }

  unconfirmed(): { readonly messages: number; readonly bytes: number } {
    return { messages: this.outbox.size, bytes: this.outbox.sizeBytes };
  }

  sendRequest(request: OutgoingRequest): void {
    this.requester.send(request);
  }

  async openFeed(options: FeedOptions, handlers: FeedHandlers): Promise<Feed> {
    const name = feedQueueName(this.options.service, options.name, this.options.instance);
    if (this.feedNames.has(name)) throw new AppError('conflict', `queue ${name} is in use`);
    this.feedNames.add(name);
    const feed = new AmqpFeed(
      {
        name,
        maxLength: options.maxLength,
        prefetch: options.prefetch ?? DEFAULT_FEED_PREFETCH,
        pool: this.pool,
        lastHeardMs: () => this.lastHeardMs,
        onHeard: () => {
          this.lastHeardMs = this.options.clock();
        },
        clock: this.options.clock,
        logger: this.options.logger,
        onStateChange: () => this.updateStatus(),
      },
      handlers,
      (it) => {
        this.consumers.delete(it);
        this.feedNames.delete(name);
      },
    );
    try {
      await this.add(feed);
    } catch (error) {
      this.feedNames.delete(name);
      throw error;
    }
    return feed;
  }

  async consumeQueue(
    options: WorkQueueOptions,
    handler: (delivery: Delivery) => Promise<void>,
  ): Promise<Subscription> {
    const dead = isDeadQueue(options.queue);
    const limit = dead ? Infinity : (options.deliveryLimit ?? DEFAULT_DELIVERY_LIMIT);
    return this.addQueueConsumer({
      label: options.queue,
      prefetch: options.prefetch ?? DEFAULT_PREFETCH,
      declare: async (channel) => {
        await declareWorkQueue(channel, options.queue, limit);
        for (const { exchange, pattern } of options.bindings) {
          await channel.bindQueue(options.queue, exchange, pattern);
        }
        return options.queue;
      },
      handle: async (message) => {
        const deliveries = earlierDeliveries(message) + 1;
        const { redelivered } = message.fields;
        try {
          await handler({ message: dead ? toDeadLetter(message) : toWireMessage(message), redelivered });
          return 'ack';
        } catch (failure) {
          const outcome = outcomeOfFailure(failure, deliveries, limit);
          this.options.logger.warn('delivery failed', {
            queue: options.queue,
            outcome,
            error: messageOf(failure),
          });
          if (outcome === 'retry') await pause(retryDelayMs(deliveries));
          return outcome;
        }
      },
    });
  }

  async openLog(options: LogOptions, handlers: LogHandlers): Promise<TransportLog> {
    const { clock, logger, service } = this.options;
    const log = new AmqpLog(
      {
        log: options,
        prefetch: options.prefetch ?? DEFAULT_LOG_PREFETCH,
        journals: this.journals,
        publishMarker: async (exchange, routingKey) => {
          const marker = { exchange, routingKey, type: 'fence', body: Buffer.from('{}') };
          await this.outbox.publish(completeMessage(marker, service, clock), {});
        },
        logger,
        onStateChange: () => this.updateStatus(),
      },
      handlers,
      (it) => this.consumers.delete(it),
    );
    await this.add(log);
    return log;
  }

  async serveRequests(options: ServeRequestsOptions, handler: RequestHandler): Promise<Subscription> {
    const { service, instance } = this.options;
    const handle = this.answerWith(handler);
    await this.replier.open();
    const shared = requestQueueName(service);
    const own = requestQueueName(service, instance);
    const intakes = await Promise.all([
      this.addQueueConsumer({
        label: shared,
        prefetch: options.concurrency,
        declare: async (channel) => {
          // Never delivered twice by us; the limit is for requests that crash whoever takes them.
          await channel.assertQueue(shared, {
            durable: true,
            arguments: { 'x-queue-type': 'quorum', 'x-delivery-limit': 1 },
          });
          return shared;
        },
        handle,
        replaceable: true,
      }),
      this.addQueueConsumer({
        label: own,
        prefetch: options.concurrency,
        declare: async (channel) => {
          await channel.assertQueue(own, { exclusive: true, durable: false });
          return own;
        },
        handle,
        waitsForLock: true,
        deletesQueue: true,
      }),
    ]);
    return {
      close: async () => {
        await Promise.all(intakes.map((it) => it.close()));
      },
    };
  }

  async claim(
    name: string,
    options: ServeRequestsOptions,
    handler: RequestHandler,
    listeners: ClaimListeners,
  ): Promise<Subscription> {
    await this.replier.open();
    const queue = requestQueueName(this.options.service, name);
    return this.addQueueConsumer({
      label: queue,
      prefetch: options.concurrency,
      declare: async (channel) => {
        await channel.assertQueue(queue, { exclusive: true, durable: false });
        return queue;
      },
      handle: this.answerWith(handler),
      waitsForLock: true,
      deletesQueue: true,
      listeners,
    });
  }

  private answerWith(handler: RequestHandler): (message: ConsumeMessage) => Promise<Outcome> {
    return async (message) => {
      const expiration = Number(asText(message.properties.expiration));
      const body = await handler({
        operation: asText(message.properties.type),
        body: message.content,
        requestId: asText(message.properties.messageId),
        redelivered: message.fields.redelivered,
        expirationMs: Number.isFinite(expiration) ? expiration : undefined,
        headers: toWireMessage(message).headers,
      });
      if (body !== undefined) await this.replier.reply(message, body);
      return 'ack';
    };
  }

  private async doStart(): Promise<void> {
    await Promise.all([this.publishing.open(), this.consuming.open()]);
  }

  private async doStop(): Promise<void> {
    if (this.publishingUp || this.outbox.size > 0) {
      await this.outbox
        .flush(FLUSH_TIMEOUT_MS)
        .catch(() => this.options.logger.warn('messages left unconfirmed', { messages: this.outbox.size }));
    }
    this.stopped = true;
    this.outbox.close();
    for (const consumer of this.consumers) consumer.abandon();
    await Promise.all([this.publishing.close(), this.consuming.close(), this.replier.close()]);
    this.cell.set('stopped');
  }

  /** On both connections: whichever stands first must not find an exchange missing, nor publish past a log. */
  private async declareTopology(model: ChannelModel): Promise<void> {
    await declareExchanges(model);
    await this.journals.declareAll(model);
  }

  /** Waits for a connection if there is none, then until the consumer consumes. */
  private async add(consumer: AmqpConsumer): Promise<void> {
    this.consumers.add(consumer);
    if (this.consumingModel !== undefined) void consumer.attach(this.consumingModel);
    try {
      await consumer.opened;
    } catch (error) {
      this.consumers.delete(consumer);
      throw error;
    }
  }

  private async addQueueConsumer(
    options: Omit<QueueConsumerOptions, 'logger' | 'onStateChange'>,
  ): Promise<Subscription> {
    const consumer = new AmqpQueueConsumer(
      { ...options, logger: this.options.logger, onStateChange: () => this.updateStatus() },
      (it) => this.consumers.delete(it),
    );
    await this.add(consumer);
    return consumer;
  }

  private link(
    role: 'publish' | 'consume',
    hooks: {
      readonly setup: (model: ChannelModel) => Promise<void>;
      readonly onUp: () => void;
      readonly onDown: (reason: string) => void;
    },
  ): AmqpLink {
    const { urls, logger } = this.options;
    return new AmqpLink({
      urls,
      name: this.connectionName(role),
      logger,
      setup: hooks.setup,
      onUp: () => {
        hooks.onUp();
        this.updateStatus();
      },
      onDown: (reason) => {
        if (!this.stopped) logger.warn('broker disconnected', { connection: role, reason });
        this.downReason = reason;
        hooks.onDown(reason);
        this.updateStatus();
      },
      onBlocked: (reason) => {
        if (role === 'publish') this.setBlocked(reason);
      },
    });
  }

  private connectionName(role: 'publish' | 'consume' | 'reply'): string {
    return `${this.options.service} ${this.options.instance} ${role}`;
  }

  private setBlocked(reason: string | undefined): void {
    this.options.logger.warn(reason === undefined ? 'broker unblocked' : 'broker blocks publishers', {
      reason,
    });
    this.blockedReason = reason;
    this.outbox.hold(reason !== undefined);
    this.requester.setBlocked(reason !== undefined);
    this.updateStatus();
  }

  private updateStatus(): void {
    if (this.stopped) return;
    if (!this.publishingUp || !this.consumingUp) {
      if (this.everReady) this.cell.set('disconnected', this.downReason);
      return;
    }
    if ([...this.consumers].some((it) => !it.isSettled)) this.cell.set('connecting', 'restoring consumers');
    else if (this.blockedReason !== undefined) this.cell.set('blocked', this.blockedReason);
    else {
      this.everReady = true;
      this.cell.set('ready');
    }
  }
}

async function declareExchanges(model: ChannelModel): Promise<void> {
  const channel = await model.createChannel();
  channel.on('error', () => undefined);
  for (const exchange of EVENT_EXCHANGES) await channel.assertExchange(exchange, 'topic', { durable: true });
  await closeChannel(channel);
}

/**
 * Durable and replicated, with its dead-letter queue. The server's delivery limit is the wall behind ours: it also stops
 * a message that takes the process with it before the outcome can be told.
 */
async function declareWorkQueue(channel: Channel, queue: string, deliveryLimit: number): Promise<void> {
  const quorum = { 'x-queue-type': 'quorum' };
  if (isDeadQueue(queue)) {
    await channel.assertQueue(queue, { durable: true, arguments: quorum });
    return;
  }
  const dead = deadQueueName(queue);
  await channel.assertQueue(dead, { durable: true, arguments: quorum });
  await channel.assertQueue(queue, {
    durable: true,
    arguments: {
      ...quorum,
      'x-delivery-limit': deliveryLimit,
      'x-dead-letter-exchange': '',
      'x-dead-letter-routing-key': dead,
      // Dead letters are moved, not copied and hoped for; RabbitMQ ties this to refusing publishers when full.
      'x-dead-letter-strategy': 'at-least-once',
      'x-overflow': 'reject-publish',
    },
  });
}
