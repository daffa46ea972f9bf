import { RecentSet, messageOf, type Clock, type Logger } from '@ringdown/core';
import type { DecodeEvent, IncomingEvent, WireMessage } from '@ringdown/contracts';
import type { AccessWatch } from './access-watch';
import type { Dialect, GapNotice, RenderableEvent } from './dialect';
import type { GatewayMetrics } from './metrics';
import { textFrame } from './server-frame';
import type { Session } from './session';
import type { SubscriptionGroup, SubscriptionTable } from './subscription-table';
import type { WriteScheduler } from './write-scheduler';

export interface EventDispatcherOptions {
  readonly decode: DecodeEvent;
  readonly table: SubscriptionTable<Session>;
  readonly sessions: () => Iterable<Session>;
  readonly scheduler: WriteScheduler;
  readonly watch: Pick<AccessWatch, 'beforeDelivery'>;
  readonly metrics: GatewayMetrics;
  readonly clock: Clock;
  readonly logger: Logger;
  /** A log line per event that reaches a socket. */
  readonly logEvents?: boolean;
  /** Message ids remembered to drop repeats. Default 50,000. */
  readonly rememberedIds?: number;
  /** Sockets served before other work gets a turn. Default 2,000. */
  readonly chunkSize?: number;
  /** Work that may wait for its turn; above it the sender waits instead. Default 10,000. */
  readonly maxBacklog?: number;
}

/** Bytes of frames built in one turn; more would keep others waiting, and look like peers that do not read. */
const MAX_TURN_BYTES = 256 * 1024;
/** How routing keys begin that are not for clients; no client binding matches one. */
const INTERNAL_KEY = '_';

type Job =
  | { readonly kind: 'message'; readonly message: WireMessage }
  | { readonly kind: 'gap'; readonly gap: GapNotice };

/**
 * From a broker message to the sockets: decoded once, repeats dropped, matched per account, one frame per binding and
 * account whatever the number of sockets. Messages and gap notices keep their order. A fan-out to many sockets yields to
 * other work in between.
 */
export class EventDispatcher {
  private readonly recent: RecentSet;
  private readonly chunkSize: number;
  private readonly maxBacklog: number;
  private readonly reported = new Set<string>();
  private readonly backlog: Job[] = [];
  /** The rest of a long job. */
  private current: IterableIterator<void> | undefined;
  private pumping = false;
  /** Of frames built in this turn. */
  private turnBytes = 0;
  private lastSequence = 0;
  private idleListeners: (() => void)[] = [];

  constructor(private readonly options: EventDispatcherOptions) {
    this.recent = new RecentSet(options.rememberedIds ?? 50_000);
    this.chunkSize = options.chunkSize ?? 2_000;
    this.maxBacklog = options.maxBacklog ?? 10_000;
  }

  onMessage(message: WireMessage): void {
    this.accept({ kind: 'message', message });
  }

  onGap(gap: GapNotice): void {
    this.accept({ kind: 'gap', gap });
  }

  /** Resolves when everything accepted was handed to the sockets. */
  drained(): Promise<void> {
    return this.pumping ? new Promise((resolve) => this.idleListeners.push(resolve)) : Promise.resolve();
  }

  private accept(job: Job): void {
    this.backlog.push(job);
    if (!this.pumping) void this.pump();
    // Falling behind: for what comes in something is done at once, which slows down where the messages come from. Not
    // everything: sockets that were given that much in one turn would look as if they did not read.
    else while (this.backlog.length > this.maxBacklog && this.step());
  }

  /** Synchronous up to the first yield, so that an ordinary message costs no turn of the event loop. */
  private async pump(): Promise<void> {
    this.pumping = true;
    while (this.step()) {
      if (this.current !== undefined || this.turnBytes > MAX_TURN_BYTES)
        await new Promise<void>((resolve) => setImmediate(resolve));
    }
    this.pumping = false;
    for (const listener of this.idleListeners.splice(0)) listener();
  }

  /** One chunk of a long job, or one whole short one. False when there is nothing to do. */
  private step(): boolean {
    if (this.current === undefined) {
      const job = this.backlog.shift();
      if (job === undefined) return false;
      this.guarded(() => (this.current = this.run(job)));
    }
    this.guarded(() => {
      if (this.current?.next().done === true) this.current = undefined;
    });
    return true;
  }

  /** One event that cannot be delivered must not stop those after it. */
  private guarded(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.current = undefined;
      this.options.metrics.eventDropped('failed');
      this.options.logger.error('an event could not be delivered', { error: messageOf(error) });
    }
  }

  /** Does the job; a long one is returned as an iterator that yields between chunks. */
  private run(job: Job): IterableIterator<void> | undefined {
    return job.kind === 'message' ? this.deliver(job.message) : this.tellGap(job.gap);
  }

  private deliver(message: WireMessage): IterableIterator<void> | undefined {
    const { metrics, table } = this.options;
    const event = this.decode(message);
    if (event === undefined) return undefined;
    metrics.eventReceived(event.family);
    const groups = table.match(event);
    if (groups.length === 0) return undefined;
    this.options.watch.beforeDelivery(this.options.clock());
    let members = 0;
    for (const group of groups) members += group.members.size;
    const frameBytes = message.body.length * groups.length;
    if (members > this.chunkSize || frameBytes > MAX_TURN_BYTES) return this.deliverInChunks(event, groups);
    const renderable = this.renderableOf(event);
    const { sequence } = renderable;
    const now = this.options.clock();
    let queued = 0;
    for (const group of groups) {
      const frame = this.frameFor(renderable, group);
      for (const session of group.members)
        if (session.deliver(frame, now, group, event.messageId, sequence)) queued += 1;
    }
    this.account(event, queued);
    return undefined;
  }

  private *deliverInChunks(
    event: IncomingEvent,
    groups: readonly SubscriptionGroup<Session>[],
  ): IterableIterator<void> {
    const renderable = this.renderableOf(event);
    const { sequence } = renderable;
    let inChunk = 0;
    let queued = 0;
    for (const group of groups) {
      if (this.turnBytes > MAX_TURN_BYTES) yield;
      const frame = this.frameFor(renderable, group);
      // A copy: whoever leaves and comes back between two chunks must not be served twice.
      for (const session of [...group.members]) {
        if (inChunk >= this.chunkSize) {
          inChunk = 0;
          yield;
        }
        inChunk += 1;
        if (!group.members.has(session)) continue;
        const now = this.options.clock();
        if (session.deliver(frame, now, group, event.messageId, sequence)) queued += 1;
      }
    }
    this.account(event, queued);
  }

  private *tellGap(gap: GapNotice): IterableIterator<void> {
    this.options.metrics.gap(gap.reason);
    const frames = new Map<Dialect, Buffer>();
    let inChunk = 0;
    for (const session of [...this.options.sessions()]) {
      if (!session.isOpen || !session.isListening) continue;
      if (inChunk >= this.chunkSize) {
        inChunk = 0;
        yield;
      }
      inChunk += 1;
      if (session.dialect.closesOnGap !== undefined) {
        session.close(session.dialect.closesOnGap);
        continue;
      }
      let frame = frames.get(session.dialect);
      if (frame === undefined) {
        frame = textFrame(session.dialect.renderGap(gap));
        frames.set(session.dialect, frame);
      }
      session.notify(frame);
    }
  }

  private decode(message: WireMessage): IncomingEvent | undefined {
    // A fence or a snapshot in the log: between services, and no fault of anybody.
    if (message.routingKey.startsWith(INTERNAL_KEY)) return undefined;
    const { metrics, logger } = this.options;
    const decoded = this.options.decode(message);
    if (decoded.ok) {
      if (!this.isRepeat(decoded.event)) return decoded.event;
      metrics.eventDropped('repeat');
      return undefined;
    }
    metrics.eventDropped(decoded.reason);
    const kind = `${message.exchange} ${decoded.reason}`;
    if (!this.reported.has(kind)) {
      this.reported.add(kind);
      logger.warn('message not usable as an event; further ones of this kind are only counted', {
        exchange: message.exchange,
        routing_key: message.routingKey,
        reason: decoded.reason,
        detail: decoded.detail,
        app_id: message.appId,
      });
    }
    return undefined;
  }

  /**
   * The same id may come by two exchanges on purpose (a fax document), so the way it came counts too; and the account,
   * because ids of foreign publishers are only as unique as they made them.
   */
  private isRepeat({ family, routingKey, accountId, messageId }: IncomingEvent): boolean {
    return (
      messageId !== undefined && !this.recent.add(`${family} ${routingKey} ${accountId ?? ''} ${messageId}`)
    );
  }

  private renderableOf(event: IncomingEvent): RenderableEvent {
    let json: string | undefined;
    this.lastSequence += 1;
    return { event, sequence: this.lastSequence, bodyJson: () => (json ??= JSON.stringify(event.body)) };
  }

  private frameFor(event: RenderableEvent, group: SubscriptionGroup<Session>): Buffer {
    const { dialect, binding, accountId, variant } = group;
    const frame = textFrame(dialect.renderEvent(event, binding, accountId, variant));
    if (this.turnBytes === 0) this.options.scheduler.afterFlush(() => (this.turnBytes = 0));
    this.turnBytes += frame.length;
    return frame;
  }

  private account(event: IncomingEvent, queued: number): void {
    const { metrics, scheduler, clock } = this.options;
    if (queued === 0) return;
    if (this.options.logEvents) {
      this.options.logger.info('event delivered', {
        routing_key: event.routingKey,
        account_id: event.accountId,
        message_id: event.messageId,
        frames: queued,
      });
    }
    metrics.framesQueued(queued);
    scheduler.afterFlush(() => metrics.publishToWrite(Math.max(0, clock() - event.timestampMs)));
  }
}
