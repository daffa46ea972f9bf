import type { Lifecycle } from '@ringdown/core';
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

/**
 * What differs between RabbitMQ and the embedded broker, and nothing more. Requests, the control plane, deadlines and
 * the meaning of errors are written once, above it (`service-broker.ts`).
 */
export interface Transport extends Lifecycle {
  status(): BrokerStatus;
  onStatus(listener: (status: BrokerStatus) => void): () => void;

  publish(message: WireMessage, options: PublishOptions): Promise<PublishResult>;
  /** What was published and is not confirmed yet. */
  unconfirmed(): { readonly messages: number; readonly bytes: number };
  openFeed(options: FeedOptions, handlers: FeedHandlers): Promise<Feed>;
  consumeQueue(
    options: WorkQueueOptions,
    handler: (delivery: Delivery) => Promise<void>,
  ): Promise<Subscription>;

  /** Reads an event log: every entry, fences included. The handlers never throw. */
  openLog(options: LogOptions, handlers: LogHandlers): Promise<TransportLog>;

  /** Told of everything that happens to requests sent from here. Set once, before `start`. */
  setRequestListener(listener: RequestListener): void;
  /** Sends now or throws an AppError `unavailable`; requests never wait for a connection. */
  sendRequest(request: OutgoingRequest): void;
  /** Takes requests from the service's shared queue and from the instance's own. */
  serveRequests(options: ServeRequestsOptions, handler: RequestHandler): Promise<Subscription>;
  /**
   * Holds `rpc.{service}.{name}` against all other processes and takes the requests sent to it; stands by while another
   * has it. Resolves after the first attempt. The listeners never throw.
   */
  claim(
    name: string,
    options: ServeRequestsOptions,
    handler: RequestHandler,
    listeners: ClaimListeners,
  ): Promise<Subscription>;
}

export interface TransportLog extends Subscription {
  /** Offset of the oldest entry kept, of whatever kind; undefined while the log is empty. */
  firstOffset(): Promise<number | undefined>;
}

export interface OutgoingRequest {
  readonly queue: string;
  readonly operation: string;
  readonly body: Buffer;
  /** The caller's, the same for a retry. */
  readonly requestId: string;
  /** New for every attempt; what reply and return are matched by. */
  readonly correlationId: string;
  readonly expirationMs: number;
  /** Flat, as those of events. */
  readonly headers: Readonly<Record<string, string>>;
}

export interface RequestListener {
  onReply(correlationId: string, body: Buffer): void;
  /** No queue of that name: nobody serves. */
  onReturn(correlationId: string): void;
  /** Replies to everything sent so far are lost. */
  onLost(reason: string): void;
}

export interface IncomingRequest {
  readonly operation: string | undefined;
  readonly body: Buffer;
  readonly requestId: string | undefined;
  readonly redelivered: boolean;
  /** Milliseconds the caller waited at most when it sent. */
  readonly expirationMs: number | undefined;
  readonly headers: Readonly<Record<string, string>>;
}

/** Answers with the reply's body, or undefined for no reply. Never rejects. */
export type RequestHandler = (request: IncomingRequest) => Promise<Buffer | undefined>;

export interface ServeRequestsOptions {
  readonly concurrency: number;
}
