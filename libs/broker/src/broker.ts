import type { Lifecycle } from '@ringdown/core';
import type { ControlMessages, ControlName, Operation, WireMessage } from '@ringdown/contracts';

/**
 * The port through which every service reaches the message broker. Two implementations, RabbitMQ and embedded, pass one
 * contract suite; services cannot tell them apart.
 *
 * `start` resolves once the first connection stands and the declared topology is applied. After that the broker
 * recovers by itself; `status` tells. `stop` stops intake, lets handlers under way finish, flushes confirms, closes.
 */
export interface Broker extends Lifecycle {
  /** The service this process (or part of one) runs as, for example `blackhole`. */
  readonly service: string;
  /** Unique among the live instances of the service; ends in eight hex characters, the instance tag. */
  readonly instance: string;

  status(): BrokerStatus;
  /** Called on every change of state. Returns the function that ends it. */
  onStatus(listener: (status: BrokerStatus) => void): () => void;

  /**
   * Publishes and waits for the broker's confirm. While disconnected, messages wait in a bounded outbox in order.
   * Errors: `unavailable` when the outbox is full, the broker blocks publishers for too long, or the deadline passes.
   */
  publish(message: OutgoingMessage, options?: PublishOptions): Promise<PublishResult>;

  /** This process's own exclusive, bounded queue with dynamic bindings: the gateway's way to hear events. */
  openFeed(options: FeedOptions, handlers: FeedHandlers): Promise<Feed>;

  /**
   * Consumes a durable work queue shared by all replicas: acknowledged after the handler resolves, redelivered when it
   * throws (dead-lettered at once for a non-retryable AppError, or after the delivery limit).
   */
  consumeQueue(
    options: WorkQueueOptions,
    handler: (delivery: Delivery) => Promise<void>,
  ): Promise<Subscription>;

  /**
   * Reads the event log of a family's exchange: everything published there, kept for a bounded time and size, in one order
   * that is the same for every reader. Goes on by itself after a reconnect, without a hole or a repeat. Errors:
   * `not_found` for an exchange without a log, `bad_request` for what is no offset.
   */
  openLog(options: LogOptions, handlers: LogHandlers): Promise<LogReader>;

  /**
   * Holds the name `{service}.{name}` for this process: at most one holder among all processes. Stands by while another
   * has it and takes over when that one is gone. Requests to the name (`requestTo(name, …)`) reach the holder's handlers.
   * Resolves after the first attempt, held or not; `onHeld` is called before that. The name must not be that of an
   * instance. Errors: `conflict` when this process claims the name already, `bad_request`.
   */
  claim(name: string, handlers: readonly OperationHandler[], listeners: ClaimListeners): Promise<Claim>;

  /** Answers requests of this service, on the shared queue and on this instance's own. */
  serve(handlers: readonly OperationHandler[], options?: ServeOptions): Promise<Subscription>;

  /**
   * Asks any replica. Errors: `unavailable` (nobody serves, not connected), `timeout`, or what the handler threw.
   * Never redelivered; dropped unread past its deadline.
   */
  request<Request, Response>(
    operation: Operation<Request, Response>,
    payload: Request,
    options?: RequestOptions,
  ): Promise<Response>;

  /** Asks one instance. `unavailable` at once when it is gone. */
  requestTo<Request, Response>(
    instance: string,
    operation: Operation<Request, Response>,
    payload: Request,
    options?: RequestOptions,
  ): Promise<Response>;

  /** Asks every live instance and waits until all answered or the deadline. Resolves even when some, or all, fail. */
  requestAll<Request, Response>(
    operation: Operation<Request, Response>,
    payload: Request,
    options?: RequestOptions,
  ): Promise<GatheredAnswers<Response>>;

  /** Instances of a service heard on the control plane within six seconds; this one included. */
  instances(service: string): readonly InstanceInfo[];

  /** Tells every process, this one included. */
  announce<Name extends ControlName>(name: Name, body: ControlMessages[Name]): Promise<void>;
  onControl<Name extends ControlName>(
    name: Name,
    listener: (body: ControlMessages[Name]) => void,
  ): () => void;
  /**
   * Called when control messages may have been missed (after every reconnect): drop caches, load state again. Readiness
   * waits for the promises.
   */
  onResync(listener: () => Promise<void>): () => void;
}

/**
 * `blocked`: connected, but the broker refuses to take messages (memory or disk alarm).
 * Only `ready` counts as ready for probes.
 */
export type BrokerState = 'connecting' | 'ready' | 'blocked' | 'disconnected' | 'stopped';

export interface BrokerStatus {
  readonly state: BrokerState;
  /** Unix milliseconds. */
  readonly sinceMs: number;
  readonly reason?: string;
}

/** What a publisher sets; the rest of the wire message is filled in. */
export type OutgoingMessage = Pick<WireMessage, 'exchange' | 'routingKey' | 'body'> &
  Partial<Omit<WireMessage, 'exchange' | 'routingKey' | 'body'>>;

export interface PublishOptions {
  /** Return the message when no queue takes it. */
  readonly mandatory?: boolean;
  /** Default 10,000. */
  readonly timeoutMs?: number;
  /** Dropped by the broker when nobody took it in time. */
  readonly expirationMs?: number;
}

export interface PublishResult {
  /** False only when `mandatory` was set and no queue was bound; the exchange of a family always has its event log. */
  readonly routed: boolean;
}

export interface FeedOptions {
  /** Purpose, part of the queue's name: `{service}.{name}.{instance}`. */
  readonly name: string;
  /** The queue drops its oldest message above this, and the feed reports a gap. */
  readonly maxLength: number;
  /** Messages in flight. Default 500. */
  readonly prefetch?: number;
}

export interface Gap {
  /** Unix milliseconds from which on events may be missing. */
  readonly sinceMs: number;
  readonly reason: 'reconnect' | 'overflow' | 'cancelled';
}

export interface FeedHandlers {
  /** Called in the broker's order. Must not throw; what it throws is logged and the message counts as handled. */
  onMessage(message: WireMessage): void;
  /** Events may have been missed; all bindings are back when it is called. */
  onGap(gap: Gap): void;
}

export interface Feed {
  /** Resolves when the broker confirmed the binding; a second bind of the same pair is a no-op. */
  bind(exchange: string, pattern: string): Promise<void>;
  /** Resolves when the broker confirmed; unbinding what is not bound is a no-op. */
  unbind(exchange: string, pattern: string): Promise<void>;
  readonly bindings: readonly { readonly exchange: string; readonly pattern: string }[];
  close(): Promise<void>;
}

export interface LogOptions {
  /** A family's exchange. */
  readonly exchange: string;
  /** Where to begin: the oldest entry kept, an offset, or only what comes from now on. */
  readonly from: 'first' | 'next' | number;
  /** Entries in flight. Default 500. */
  readonly prefetch?: number;
}

export interface LogEntry {
  /** Position in the log: strictly increasing, the same for every reader; there may be holes (fences). */
  readonly offset: number;
  readonly message: WireMessage;
}

export interface LogHandlers {
  /** In the order of the log. Must not throw; what it throws is logged and the entry counts as handled. Never a fence. */
  onEntry(entry: LogEntry): void;
  /** The entries from `fromOffset` up to (not including) `toOffset` are no longer kept and were not read. */
  onTruncated(fromOffset: number, toOffset: number): void;
  /**
   * The log was made anew (its data was lost), or `from` lay beyond its end: forget everything read so far, reading begins
   * at its first entry.
   */
  onReset(): void;
}

export interface LogReader {
  /** Offset of the next entry to be read; undefined before the first. */
  readonly position: number | undefined;
  /**
   * Publishes a marker and resolves with its offset once this reader has read it: everything confirmed to any publisher
   * before the call has been handled. Calls at the same time share markers. Default 10,000 ms. Errors: `unavailable` (not
   * written in time), `timeout` (not read in time), `closed`.
   */
  fence(options?: { readonly timeoutMs?: number }): Promise<number>;
  /** Offset of the oldest entry still kept, a fence included; undefined while the log is empty. Errors: `unavailable`. */
  firstOffset(): Promise<number | undefined>;
  close(): Promise<void>;
}

export interface ClaimListeners {
  /** This process holds the name now. Called again when it got it back after a loss. */
  onHeld(): void;
  /**
   * It holds it no more: stop acting in the name at once. It stands by again by itself. Not called for a claim that is
   * closed, by its owner or by the broker's `stop`.
   */
  onLost(reason: string): void;
}

export interface Claim {
  readonly held: boolean;
  /** Gives the name up, after the handlers under way; requests meanwhile are answered `unavailable`. */
  close(): Promise<void>;
}

export interface WorkQueueOptions {
  readonly queue: string;
  readonly bindings: readonly { readonly exchange: string; readonly pattern: string }[];
  /** Default 10. */
  readonly prefetch?: number;
  /** Deliveries before the message is dead-lettered to `{queue}.dead`. Default 5. */
  readonly deliveryLimit?: number;
}

export interface Delivery {
  readonly message: WireMessage;
  readonly redelivered: boolean;
}

export interface Subscription {
  /** Stops intake and waits for the handlers under way. */
  close(): Promise<void>;
}

export interface ServeOptions {
  /** Handlers at once. Default 64. */
  readonly concurrency?: number;
}

export interface RequestContext {
  /** The same for a retry of the same request; a writing handler remembers it. */
  readonly requestId: string;
  /** Unix milliseconds after which nobody waits for the answer. */
  readonly deadlineMs: number;
  readonly traceparent: string | undefined;
}

/** An operation with the function that answers it; made by `handle`. */
export interface OperationHandler {
  readonly operation: Operation<never, unknown>;
  run(payload: unknown, context: RequestContext): Promise<unknown>;
}

/** Pairs an operation with its handler; payloads are validated by the operation's schema before it is called. */
export function handle<Request, Response>(
  operation: Operation<Request, Response>,
  run: (payload: Request, context: RequestContext) => Promise<Response>,
): OperationHandler {
  return {
    operation: operation as unknown as Operation<never, unknown>,
    run: run as OperationHandler['run'],
  };
}

export interface RequestOptions {
  /** Default 5,000. */
  readonly timeoutMs?: number;
  /** Default: a new one. */
  readonly requestId?: string;
  /** Default: the one of the request on whose behalf this is asked. */
  readonly traceparent?: string;
}

export interface GatheredAnswers<Response> {
  readonly answers: readonly { readonly instance: string; readonly value: Response }[];
  /** Instances that failed or did not answer in time. */
  readonly missing: readonly string[];
}

export interface InstanceInfo {
  readonly service: string;
  readonly instance: string;
  readonly startedAtMs: number;
  readonly lastHeardMs: number;
}
