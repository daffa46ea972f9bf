import { AppError, type Clock, type Logger, messageOf, pause } from '@ringdown/core';
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
  DEFAULT_PREFETCH,
  outcomeOfFailure,
  retryDelayMs,
} from '../shared/delivery-outcome';
import { StatusCell } from '../shared/status-cell';
import { deadQueueName, feedQueueName, isDeadQueue, requestQueueName } from '../shared/topology';
import type {
  OutgoingRequest,
  RequestHandler,
  RequestListener,
  ServeRequestsOptions,
  Transport,
  TransportLog,
} from '../shared/transport';
import { EmbeddedClaim } from './embedded-claim';
import type { EmbeddedExchanges } from './embedded-exchanges';
import { EmbeddedFeed } from './embedded-feed';
import { EmbeddedLogReader } from './embedded-log';
import type { EmbeddedQueue, QueueConsumer, QueueEntry } from './embedded-queue';

const PREFETCH_REPLIES = 1_000;

export interface EmbeddedTransportOptions {
  readonly service: string;
  readonly instance: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** One service's connection to the hub. */
export class EmbeddedTransport implements Transport {
  private readonly cell: StatusCell;
  private readonly replyQueue: string;
  private readonly exclusive = new Set<EmbeddedQueue>();
  private readonly claims = new Set<EmbeddedClaim>();
  private requests: RequestListener | undefined;

  constructor(
    private readonly exchanges: EmbeddedExchanges,
    private readonly options: EmbeddedTransportOptions,
  ) {
    this.cell = new StatusCell(options.clock, options.logger);
    this.replyQueue = `reply.${options.service}.${options.instance}`;
  }

  status(): BrokerStatus {
    return this.cell.get();
  }

  onStatus(listener: (status: BrokerStatus) => void): () => void {
    return this.cell.subscribe(listener);
  }

  setRequestListener(listener: RequestListener): void {
    this.requests = listener;
  }

  async start(): Promise<void> {
    const queue = this.declareExclusive(this.replyQueue);
    const consumer: QueueConsumer = {
      prefetch: PREFETCH_REPLIES,
      inFlight: 0,
      deliver: ({ correlationId, message }) => {
        queue.release(consumer, 1);
        this.requests?.onReply(correlationId ?? '', message.body);
      },
    };
    queue.addConsumer(consumer);
    this.cell.set('ready');
  }

  async stop(): Promise<void> {
    for (const claim of this.claims) claim.lose('the broker stopped');
    for (const queue of this.exclusive) this.exchanges.delete(queue);
    this.cell.set('stopped');
  }

  async publish(message: WireMessage, options: PublishOptions): Promise<PublishResult> {
    this.requireReady();
    const routed = this.exchanges.publish({ message, expirationMs: options.expirationMs });
    return { routed: routed || options.mandatory !== true };
  }

  /** What is published here is in its queues at once. */
  unconfirmed(): { readonly messages: number; readonly bytes: number } {
    return { messages: 0, bytes: 0 };
  }

  async openFeed(options: FeedOptions, handlers: FeedHandlers): Promise<Feed> {
    this.requireReady();
    const { service, instance, clock, logger } = this.options;
    const feed = new EmbeddedFeed(
      {
        exchanges: this.exchanges,
        name: feedQueueName(service, options.name, instance),
        owner: this,
        maxLength: options.maxLength,
        prefetch: options.prefetch ?? DEFAULT_FEED_PREFETCH,
        clock,
        logger,
      },
      handlers,
    );
    this.exclusive.add(feed.queue);
    return feed;
  }

  async consumeQueue(
    options: WorkQueueOptions,
    handler: (delivery: Delivery) => Promise<void>,
  ): Promise<Subscription> {
    this.requireReady();
    const limit = isDeadQueue(options.queue) ? Infinity : (options.deliveryLimit ?? DEFAULT_DELIVERY_LIMIT);
    const queue = this.declareWorkQueue(options.queue);
    for (const { exchange, pattern } of options.bindings) this.exchanges.bind(queue, exchange, pattern);
    return this.consume(queue, options.prefetch ?? DEFAULT_PREFETCH, async (entry) => {
      try {
        await handler({ message: entry.message, redelivered: entry.deliveries > 1 });
      } catch (failure) {
        const outcome = outcomeOfFailure(failure, entry.deliveries, limit);
        this.options.logger.warn('delivery failed', {
          queue: options.queue,
          outcome,
          error: messageOf(failure),
        });
        if (outcome === 'dead') queue.settings.onDead?.(entry);
        else {
          await pause(retryDelayMs(entry.deliveries));
          queue.putBack(entry);
        }
      }
    });
  }

  async openLog(options: LogOptions, handlers: LogHandlers): Promise<TransportLog> {
    this.requireReady();
    return new EmbeddedLogReader(this.exchanges.log(options.exchange), options, handlers);
  }

  sendRequest(request: OutgoingRequest): void {
    this.requireReady();
    const routed = this.exchanges.publish({
      message: {
        exchange: '',
        routingKey: request.queue,
        body: request.body,
        messageId: request.requestId,
        timestampMs: this.options.clock(),
        type: request.operation,
        appId: this.options.service,
        contentType: 'application/json',
        headers: request.headers,
      },
      expirationMs: request.expirationMs,
      replyTo: this.replyQueue,
      correlationId: request.correlationId,
    });
    // A return, like every message from a broker, comes after the call that caused it.
    if (!routed) setImmediate(() => this.requests?.onReturn(request.correlationId));
  }

  async serveRequests(options: ServeRequestsOptions, handler: RequestHandler): Promise<Subscription> {
    this.requireReady();
    const { service, instance } = this.options;
    const own = this.declareExclusive(requestQueueName(service, instance));
    const shared = this.exchanges.declare({ name: requestQueueName(service) });
    const answer = this.answerWith(handler);
    const intakes = [shared, own].map((queue) => this.consume(queue, options.concurrency, answer));
    return {
      close: async () => {
        await Promise.all(intakes.map((it) => it.close()));
        this.exclusive.delete(own);
        this.exchanges.delete(own);
      },
    };
  }

  async claim(
    name: string,
    options: ServeRequestsOptions,
    handler: RequestHandler,
    listeners: ClaimListeners,
  ): Promise<Subscription> {
    this.requireReady();
    const answer = this.answerWith(handler);
    const claim = new EmbeddedClaim(
      {
        exchanges: this.exchanges,
        queue: requestQueueName(this.options.service, name),
        owner: this,
        consume: (queue) => this.consume(queue, options.concurrency, answer),
        onClosed: (it) => this.claims.delete(it),
      },
      listeners,
    );
    this.claims.add(claim);
    return claim;
  }

  private answerWith(handler: RequestHandler): (entry: QueueEntry) => Promise<void> {
    return async (entry) => {
      const { message, replyTo, correlationId, expirationMs } = entry;
      const body = await handler({
        operation: message.type,
        body: message.body,
        requestId: message.messageId,
        redelivered: entry.deliveries > 1,
        expirationMs,
        headers: message.headers,
      });
      if (body === undefined || replyTo === undefined) return;
      const reply = { ...message, exchange: '', routingKey: replyTo, body, type: 'reply', headers: {} };
      this.exchanges.publish({ message: reply, correlationId });
    };
  }

  /** Runs `handle` for each message; closing stops the intake and waits for those under way. */
  private consume(
    queue: EmbeddedQueue,
    prefetch: number,
    handle: (entry: QueueEntry) => Promise<void>,
  ): Subscription {
    const running = new Set<Promise<void>>();
    const consumer: QueueConsumer = {
      prefetch,
      inFlight: 0,
      deliver: (entry) => {
        const run = handle(entry).finally(() => {
          running.delete(run);
          queue.release(consumer, 1);
        });
        running.add(run);
      },
    };
    queue.addConsumer(consumer);
    return {
      close: async () => {
        queue.removeConsumer(consumer);
        await Promise.all(running);
      },
    };
  }

  private declareWorkQueue(name: string): EmbeddedQueue {
    if (isDeadQueue(name)) return this.exchanges.declare({ name });
    const dead = this.exchanges.declare({ name: deadQueueName(name) });
    return this.exchanges.declare({
      name,
      onDead: ({ message }) => dead.push({ message }),
    });
  }

  private declareExclusive(name: string): EmbeddedQueue {
    const queue = this.exchanges.declare({ name, owner: this });
    this.exclusive.add(queue);
    return queue;
  }

  private requireReady(): void {
    if (this.cell.get().state !== 'ready') throw new AppError('closed', 'the broker has stopped');
  }
}
