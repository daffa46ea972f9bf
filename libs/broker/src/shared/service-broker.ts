import {
  AppError,
  backoffMs,
  type Clock,
  isAppError,
  type Logger,
  memoised,
  messageOf,
  pause,
  withDeadline,
} from '@ringdown/core';
import {
  CONTROL_EXCHANGE,
  type ControlMessages,
  type ControlName,
  type Operation,
} from '@ringdown/contracts';
import type {
  Broker,
  BrokerStatus,
  Claim,
  ClaimListeners,
  Delivery,
  Feed,
  FeedHandlers,
  FeedOptions,
  GatheredAnswers,
  InstanceInfo,
  LogHandlers,
  LogOptions,
  LogReader,
  OperationHandler,
  OutgoingMessage,
  PublishOptions,
  PublishResult,
  RequestOptions,
  ServeOptions,
  Subscription,
  WorkQueueOptions,
} from '../broker';
import { noObserver, type BrokerObserver } from '../observer';
import { ControlPlane } from './control-plane';
import { FencedLog } from './fenced-log';
import { NameClaim } from './name-claim';
import { completeMessage } from './outgoing';
import { RpcClient } from './rpc-client';
import { RpcServer } from './rpc-server';
import { StatusCell } from './status-cell';
import {
  checkPattern,
  checkRoutingKey,
  EVENT_EXCHANGES,
  LOGGED_EXCHANGES,
  requestQueueName,
} from './topology';
import type { Transport } from './transport';

const DEFAULT_TIMEOUT_MS = 5_000;

export interface ServiceBrokerOptions {
  readonly service: string;
  readonly instance: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly joinSettleMs: number;
  /** How long `stop` waits for handlers under way. */
  readonly drainTimeoutMs: number;
  readonly observer?: BrokerObserver | undefined;
}

/**
 * The Broker over any transport. Owns what is the same for all: requests, control plane, validation, the order of
 * stopping, and the gate that keeps the status below `ready` until everything that listens for `onResync` is up to date.
 */
export class ServiceBroker implements Broker {
  readonly service: string;
  readonly instance: string;
  readonly start = memoised(() => this.doStart());
  readonly stop = memoised(() => this.doStop());

  private readonly cell: StatusCell;
  private readonly observer: BrokerObserver;
  private readonly rpcClient: RpcClient;
  private readonly rpcServer: RpcServer;
  private readonly control: ControlPlane;
  private readonly resyncListeners = new Set<() => Promise<void>>();
  private readonly consumers = new Set<Subscription>();
  private readonly feeds = new Set<Feed>();
  private readonly logs = new Set<Subscription>();
  private readonly claims = new Set<string>();
  private phase: 'new' | 'starting' | 'running' | 'stopping' | 'stopped' = 'new';
  /** While it is set, a connected transport counts as `connecting`. */
  private gate: string | undefined = 'starting';
  private lost = false;
  private resyncRound = 0;

  constructor(
    private readonly transport: Transport,
    private readonly options: ServiceBrokerOptions,
  ) {
    this.service = options.service;
    this.instance = options.instance;
    this.cell = new StatusCell(options.clock, options.logger);
    this.rpcClient = new RpcClient(transport, (service) => this.control.instances(service).length > 0);
    this.observer = options.observer ?? noObserver;
    this.rpcServer = new RpcServer(transport, options.service, options.clock, options.logger, this.observer);
    this.control = new ControlPlane({
      ...options,
      transport,
      onMissed: () => void this.resync('control messages missed'),
    });
    transport.setRequestListener(this.rpcClient);
    transport.onStatus((status) => this.onTransportStatus(status));
    const { rpcClient } = this;
    this.observer.watch({
      status: () => this.cell.get(),
      connected: () => isConnected(transport.status()),
      unconfirmed: () => transport.unconfirmed(),
      get pendingRequests() {
        return rpcClient.pendingCount;
      },
    });
  }

  status(): BrokerStatus {
    return this.cell.get();
  }

  onStatus(listener: (status: BrokerStatus) => void): () => void {
    return this.cell.subscribe(listener);
  }

  async publish(message: OutgoingMessage, options: PublishOptions = {}): Promise<PublishResult> {
    if (this.phase === 'new' || this.phase === 'stopped') throw this.notRunning('publish');
    const complete = completeMessage(message, this.service, this.options.clock);
    return this.counted(complete.exchange, () => this.transport.publish(complete, options));
  }

  async openFeed(options: FeedOptions, handlers: FeedHandlers): Promise<Feed> {
    this.requireRunning('open a feed');
    const feed = await this.transport.openFeed(options, handlers);
    const tracked: Feed = {
      bind: async (exchange, pattern) => {
        checkPattern(pattern);
        await feed.bind(exchange, pattern);
      },
      unbind: (exchange, pattern) => feed.unbind(exchange, pattern),
      get bindings() {
        return feed.bindings;
      },
      close: memoised(async () => {
        this.feeds.delete(tracked);
        await feed.close();
      }),
    };
    this.feeds.add(tracked);
    return tracked;
  }

  async consumeQueue(
    options: WorkQueueOptions,
    handler: (delivery: Delivery) => Promise<void>,
  ): Promise<Subscription> {
    this.requireRunning('consume');
    for (const { pattern } of options.bindings) checkPattern(pattern);
    return this.track(await this.transport.consumeQueue(options, handler));
  }

  async openLog(options: LogOptions, handlers: LogHandlers): Promise<LogReader> {
    this.requireRunning('read a log');
    const { exchange, from } = options;
    if (!LOGGED_EXCHANGES.includes(exchange)) throw new AppError('not_found', `${exchange} has no event log`);
    if (typeof from === 'number' && !(Number.isSafeInteger(from) && from >= 0)) {
      throw new AppError('bad_request', `${from} is no offset`);
    }
    const { transport } = this;
    const publishFence = async (to: string, routingKey: string, timeoutMs: number): Promise<void> => {
      const fence = { exchange: to, routingKey, type: 'fence', body: Buffer.from('{}') };
      await transport.publish(completeMessage(fence, this.service, this.options.clock), { timeoutMs });
    };
    const reader: FencedLog = new FencedLog(
      {
        transport,
        publishFence,
        log: options,
        logger: this.options.logger,
        onClosed: () => this.logs.delete(reader),
      },
      handlers,
    );
    this.logs.add(reader);
    await reader.open();
    return reader;
  }

  async claim(
    name: string,
    handlers: readonly OperationHandler[],
    listeners: ClaimListeners,
  ): Promise<Claim> {
    this.requireRunning('claim a name');
    if (name === '') throw new AppError('bad_request', 'a name to claim cannot be empty');
    checkRoutingKey(requestQueueName(this.service, name));
    // Instances answer under their names, in the same place.
    if (name === this.instance || this.claims.has(name)) {
      throw new AppError('conflict', `${name} is claimed by this process already`);
    }
    const { transport, service, options } = this;
    const claim = new NameClaim(
      { transport, service, name, clock: options.clock, logger: options.logger, observer: this.observer },
      handlers,
      listeners,
    );
    this.claims.add(name);
    try {
      await claim.open();
    } catch (error) {
      this.claims.delete(name);
      throw error;
    }
    const tracked = this.track(claim);
    return {
      get held() {
        return claim.held;
      },
      close: async () => {
        await tracked.close();
        this.claims.delete(name);
      },
    };
  }

  async serve(handlers: readonly OperationHandler[], options: ServeOptions = {}): Promise<Subscription> {
    this.requireRunning('serve');
    return this.track(await this.rpcServer.serve(handlers, options.concurrency));
  }

  async request<Request, Response>(
    operation: Operation<Request, Response>,
    payload: Request,
    options?: RequestOptions,
  ): Promise<Response> {
    return this.ask(requestQueueName(operation.service), operation, payload, options);
  }

  async requestTo<Request, Response>(
    instance: string,
    operation: Operation<Request, Response>,
    payload: Request,
    options?: RequestOptions,
  ): Promise<Response> {
    return this.ask(requestQueueName(operation.service, instance), operation, payload, options);
  }

  async requestAll<Request, Response>(
    operation: Operation<Request, Response>,
    payload: Request,
    options: RequestOptions = {},
  ): Promise<GatheredAnswers<Response>> {
    const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    const asked = this.instances(operation.service).map((it) => it.instance);
    const outcomes = await Promise.allSettled(
      asked.map((instance) => this.requestTo(instance, operation, payload, { ...options, timeoutMs })),
    );
    const answers: { instance: string; value: Response }[] = [];
    const missing: string[] = [];
    outcomes.forEach((outcome, at) => {
      const instance = asked[at]!;
      if (outcome.status === 'fulfilled') answers.push({ instance, value: outcome.value });
      else missing.push(instance);
    });
    return { answers, missing };
  }

  instances(service: string): readonly InstanceInfo[] {
    return this.control.instances(service);
  }

  async announce<Name extends ControlName>(name: Name, body: ControlMessages[Name]): Promise<void> {
    if (this.phase === 'new' || this.phase === 'stopped') throw this.notRunning('announce');
    await this.counted(CONTROL_EXCHANGE, () => this.control.announce(name, body));
  }

  onControl<Name extends ControlName>(
    name: Name,
    listener: (body: ControlMessages[Name]) => void,
  ): () => void {
    return this.control.on(name, listener);
  }

  onResync(listener: () => Promise<void>): () => void {
    this.resyncListeners.add(listener);
    return () => void this.resyncListeners.delete(listener);
  }

  private async ask<Request, Response>(
    queue: string,
    operation: Operation<Request, Response>,
    payload: Request,
    options: RequestOptions | undefined,
  ): Promise<Response> {
    const { service, name } = operation;
    const startedMs = performance.now();
    try {
      const answer = await this.rpcClient.call(queue, operation, payload, options);
      this.observer.asked(service, name, 'ok', performance.now() - startedMs);
      return answer;
    } catch (error) {
      const code = isAppError(error) ? error.code : 'internal';
      this.observer.asked(service, name, code, performance.now() - startedMs);
      throw error;
    }
  }

  private async counted<T extends PublishResult | void>(
    exchange: string,
    publish: () => Promise<T>,
  ): Promise<T> {
    // Publishers may name any exchange; those of the contracts are few.
    const known = EVENT_EXCHANGES.includes(exchange) ? exchange : 'other';
    const startedMs = performance.now();
    try {
      const result = await publish();
      const routed = result === undefined || result.routed;
      this.observer.published(known, routed ? 'confirmed' : 'unroutable', performance.now() - startedMs);
      return result;
    } catch (error) {
      const code = isAppError(error) ? error.code : 'internal';
      this.observer.published(known, code, performance.now() - startedMs);
      throw error;
    }
  }

  private async doStart(): Promise<void> {
    if (this.phase !== 'new') throw this.notRunning('start');
    this.phase = 'starting';
    await this.transport.start();
    await this.control.start();
    if (this.phase === 'starting') this.phase = 'running';
    this.openGate();
  }

  private async doStop(): Promise<void> {
    const before = this.phase;
    this.phase = 'stopping';
    if (before === 'starting') {
      // A start that still waits for its first connection would wait for ever; ending the transport ends it.
      if (this.transport.status().state !== 'ready') await this.transport.stop();
      await this.start().catch(() => undefined);
    }
    await this.drain();
    await this.control.stop();
    await this.settle([...this.logs, ...this.feeds].map((it) => it.close()));
    this.phase = 'stopped';
    this.rpcClient.close();
    await this.transport.stop();
    this.cell.set('stopped');
  }

  /** Intake ends here; handlers under way may still publish and ask. */
  private async drain(): Promise<void> {
    const closing = this.settle([...this.consumers].map((it) => it.close()));
    await withDeadline(closing, this.options.drainTimeoutMs, 'draining').catch(() =>
      this.options.logger.warn('handlers still running at the drain deadline', {
        consumers: this.consumers.size,
      }),
    );
  }

  private async settle(closing: readonly Promise<void>[]): Promise<void> {
    for (const outcome of await Promise.allSettled(closing)) {
      if (outcome.status === 'rejected') {
        this.options.logger.warn('closing failed', { error: messageOf(outcome.reason) });
      }
    }
  }

  private track(subscription: Subscription): Subscription {
    const tracked: Subscription = {
      close: memoised(async () => {
        await subscription.close();
        this.consumers.delete(tracked);
      }),
    };
    this.consumers.add(tracked);
    return tracked;
  }

  private onTransportStatus(status: BrokerStatus): void {
    if (status.state === 'disconnected') {
      if (!this.lost) this.observer.disconnected();
      this.lost = true;
      this.resyncRound += 1;
    }
    if (isConnected(status) && this.lost && this.phase === 'running') {
      this.lost = false;
      void this.resync('resynchronising');
    } else {
      this.publishStatus();
    }
  }

  private openGate(): void {
    this.gate = undefined;
    this.publishStatus();
  }

  private publishStatus(): void {
    const { state, reason } = this.transport.status();
    // Also while blocked: who answers from what it remembers must know that it may have missed something.
    if (isConnected({ state }) && this.gate !== undefined) this.cell.set('connecting', this.gate);
    else if (state !== 'stopped') this.cell.set(state, reason);
  }

  /** Runs every listener until it succeeds; a new loss of the connection starts over with the next reconnect. */
  private async resync(reason: string): Promise<void> {
    const round = ++this.resyncRound;
    this.gate = reason;
    this.publishStatus();
    await this.control.join();
    await Promise.all([...this.resyncListeners].map((it) => this.resyncOne(it, round)));
    if (round === this.resyncRound) this.openGate();
  }

  private async resyncOne(listener: () => Promise<void>, round: number): Promise<void> {
    for (let attempt = 0; round === this.resyncRound && this.phase === 'running'; attempt += 1) {
      try {
        await listener();
        return;
      } catch (error) {
        this.options.logger.warn('resynchronising failed, trying again', { error: messageOf(error) });
        await pause(backoffMs(attempt, { initialMs: 100, maxMs: 5_000 }));
      }
    }
  }

  private requireRunning(what: string): void {
    if (this.phase !== 'running') throw this.notRunning(what);
  }

  private notRunning(what: string): AppError {
    return this.phase === 'new' || this.phase === 'starting'
      ? new AppError('unavailable', `cannot ${what}: the broker has not started`)
      : new AppError('closed', `cannot ${what}: the broker has stopped`);
  }
}

function isConnected({ state }: Pick<BrokerStatus, 'state'>): boolean {
  return state === 'ready' || state === 'blocked';
}
