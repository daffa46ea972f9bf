import { TokenBucket, messageOf, type Logger, type TokenBucketOptions } from '@ringdown/core';
import type { Principal } from '@ringdown/auth';
import type { ClientBinding } from '@ringdown/contracts';
import type { BindingLease } from './broker-bindings';
import { closeReasons, type CloseReason } from './close-codes';
import type { Dialect, GapNotice, InboundMessage, Variant } from './dialect';
import { textFrame } from './server-frame';
import { SessionWriter } from './session-writer';
import type { StreamFilter } from './stream-filter';
import type { Transport } from './transport';
import type { Admission, UpgradeRequest } from './upgrade';
import type { WriteScheduler } from './write-scheduler';

/** The peer of a socket. */
export interface Remote {
  /** The real client, behind trusted proxies. */
  readonly address: string;
  /** Of the TCP connection itself. */
  readonly peerAddress: string;
  readonly peerPort: number;
}

/** One binding for one account on one socket. */
export interface Subscription {
  readonly binding: ClientBinding;
  readonly accountId: string;
  readonly variant: Variant | undefined;
  readonly lease: BindingLease;
}

/** What a request says about the session besides its command; takes effect only when the whole request succeeds. */
export interface SessionUpdate {
  readonly principal?: Principal;
  readonly tokenFingerprint?: string;
  readonly name?: string | undefined;
  readonly metadata?: unknown;
}

export interface SessionLimits {
  readonly rate: TokenBucketOptions;
  readonly maxQueuedBytes: number;
}

export interface SessionEvents {
  /** The session takes part in nothing any more; its connection may live on until the closing handshake is through. */
  onEnded(session: Session): void;
  /** The connection itself is gone. */
  onDisconnected(session: Session): void;
  /** The principal was set or renewed. */
  onIdentified(session: Session): void;
  onTooSlow(session: Session): void;
  onWithheld(session: Session): void;
}

export interface SessionOptions {
  readonly id: string;
  readonly dialect: Dialect;
  readonly remote: Remote;
  readonly connectedAtMs: number;
  readonly transport: Transport;
  readonly scheduler: WriteScheduler;
  readonly limits: SessionLimits;
  readonly events: SessionEvents;
  readonly logger: Logger;
}

/** Reading pauses above these; what a client sends faster than it is answered waits in its own buffers. */
const MAX_INBOX_MESSAGES = 64;
const MAX_INBOX_BYTES = 512 * 1024;

/**
 * One socket: who is behind it, what it subscribed to, what it still has to be answered and sent. Knows no protocol.
 *
 * Messages are handled one after the other, so requests of one socket cannot overtake each other. Once ended (closed by
 * either side) nothing is delivered any more, also while the closing handshake is still under way.
 */
export class Session {
  readonly id: string;
  readonly dialect: Dialect;
  readonly remote: Remote;
  readonly connectedAtMs: number;
  readonly subscriptions = new Map<string, Subscription>();
  principal: Principal | undefined;
  tokenFingerprint: string | undefined;
  name: string | undefined;
  metadata: unknown;
  /** Cleared by the heartbeat, set by anything the peer sends. */
  alive = true;
  /** Set by every message of the peer, never cleared by the core: for keep-alive rules of a dialect. */
  heard = false;
  closeReason: CloseReason | undefined;
  private readonly writer: SessionWriter;
  private readonly bucket: TokenBucket;
  private readonly inbox: InboundMessage[] = [];
  private inboxBytes = 0;
  private working = false;
  private paused = false;
  private ended = false;
  private suspended = false;
  private begun = false;
  private withheldSinceMs: number | undefined;
  /** Undefined almost always, so that delivery pays one comparison for it. */
  private filters: Map<object, StreamFilter> | undefined;

  constructor(private readonly options: SessionOptions) {
    this.id = options.id;
    this.dialect = options.dialect;
    this.remote = options.remote;
    this.connectedAtMs = options.connectedAtMs;
    this.bucket = new TokenBucket(options.limits.rate);
    this.writer = new SessionWriter(options.transport, options.scheduler, options.limits.maxQueuedBytes, () =>
      this.onTooSlow(),
    );
  }

  get isOpen(): boolean {
    return !this.ended;
  }

  /** The client is being made to wait, so its silence means nothing. */
  get isPaused(): boolean {
    return this.paused;
  }

  get queuedBytes(): number {
    return this.writer.queuedBytes;
  }

  /** A message from the peer. */
  receive(data: Buffer, isBinary: boolean): void {
    if (this.ended) return;
    this.alive = true;
    this.heard = true;
    const withinRate = this.dialect.rate === 'by dialect' || this.bucket.take();
    this.inbox.push({ data, isBinary, withinRate });
    this.inboxBytes += data.length;
    if (this.inbox.length >= MAX_INBOX_MESSAGES || this.inboxBytes >= MAX_INBOX_BYTES) this.pause();
    if (!this.working) void this.work();
  }

  /** Lets the dialect act at open; messages that come meanwhile wait. */
  begin(request: UpgradeRequest, admission: Admission): void {
    this.begun = true;
    if (this.dialect.onOpen === undefined) return;
    this.working = true;
    void this.runOpening(request, admission).then(() => this.work());
  }

  /** For dialects that count by themselves: false when the session asked for too much for now. */
  takeRate(): boolean {
    return this.bucket.take();
  }

  /** Queues an answer or a notice behind everything queued before. */
  send(text: string): void {
    if (!this.ended) this.writer.push(textFrame(text));
  }

  /** Events of it are on their way, or kept back for it. */
  get isListening(): boolean {
    return this.subscriptions.size > 0 || this.filters !== undefined;
  }

  filterOf(stream: object): StreamFilter | undefined {
    return this.filters?.get(stream);
  }

  /** Puts a filter in front of one stream, in place of the one there; undefined takes it away. */
  setFilter(stream: object, filter: StreamFilter | undefined): void {
    if (this.ended) return;
    if (filter !== undefined) {
      (this.filters ??= new Map()).set(stream, filter);
    } else if (this.filters?.delete(stream) === true && this.filters.size === 0) {
      this.filters = undefined;
    }
  }

  /** The subscription behind the stream ended. */
  endStream(stream: object): void {
    const filter = this.filters?.get(stream);
    if (filter === undefined) return;
    this.setFilter(stream, undefined);
    filter.onEnded(stream);
  }

  /**
   * Takes a ready frame of an event of one stream. False: not queued, because the stream is filtered or the session may not
   * have it at this instant.
   */
  deliver(
    frame: Buffer,
    nowMs: number,
    stream: object,
    messageId: string | undefined,
    sequence = 0,
  ): boolean {
    if (
      this.filters !== undefined &&
      this.filters.get(stream)?.admit(stream, frame, messageId, sequence) === false
    ) {
      return false;
    }
    return this.write(frame, nowMs);
  }

  /** Queues a ready frame of an event. False: withheld, because the session may not have it at this instant. */
  write(frame: Buffer, nowMs: number): boolean {
    if (this.ended) return false;
    if (this.suspended || this.hasExpired(nowMs)) {
      this.withheldSinceMs ??= nowMs;
      this.options.events.onWithheld(this);
      return false;
    }
    return this.writer.push(frame);
  }

  /** Queues a ready frame of a notice; where events are held back it comes once more in its place among them. */
  notify(frame: Buffer): void {
    if (this.ended) return;
    if (this.subscriptions.size > 0) this.writer.push(frame);
    if (this.filters !== undefined) {
      for (const filter of new Set(this.filters.values())) filter.onNotice(frame);
    }
  }

  hasExpired(nowMs: number): boolean {
    const expiresAtMs = this.principal?.expiresAtMs;
    return expiresAtMs !== undefined && expiresAtMs <= nowMs;
  }

  /** Called by whoever set the principal. What was withheld since the last one expired is told as a gap. */
  onIdentified(): void {
    this.options.events.onIdentified(this);
    if (!this.suspended) this.tellWithheld();
  }

  /** No delivery until {@link resume}: whether the session may still see its events cannot be found out right now. */
  suspend(): void {
    this.suspended = true;
  }

  /** Ends a suspension; events withheld during it are told as a gap. */
  resume(): void {
    this.suspended = false;
    this.tellWithheld();
  }

  private tellWithheld(): void {
    const sinceMs = this.withheldSinceMs;
    this.withheldSinceMs = undefined;
    if (sinceMs === undefined || this.ended) return;
    if (this.dialect.closesOnGap !== undefined) {
      this.close(this.dialect.closesOnGap);
      return;
    }
    const gap: GapNotice = { sinceMs, reason: 'authorization_check' };
    this.send(this.dialect.renderGap(gap));
  }

  ping(): void {
    this.options.transport.ping();
  }

  /** Says why, starts the closing handshake and ends the session. */
  close(reason: CloseReason): void {
    if (this.ended) return;
    const last = this.dialect.renderClosing(reason, this);
    this.writer.finish(last === undefined ? undefined : textFrame(last), {
      dropPending: reason === closeReasons.tooSlow,
    });
    this.end(reason);
    this.options.transport.close(this.dialect.closeCodeOf?.(reason) ?? reason.code, reason.text);
  }

  /** The peer is gone without a word: no handshake. */
  terminate(): void {
    this.end(undefined);
    this.options.transport.terminate();
  }

  /** The connection closed underneath. */
  onDisconnected(): void {
    this.end(undefined);
    this.options.events.onDisconnected(this);
  }

  private end(reason: CloseReason | undefined): void {
    if (this.ended) return;
    this.ended = true;
    this.closeReason = reason;
    this.writer.abandon();
    this.inbox.length = 0;
    this.inboxBytes = 0;
    // A paused connection would not see the peer's close frame.
    if (this.paused) this.unpause();
    const { filters } = this;
    this.filters = undefined;
    if (filters !== undefined) for (const [stream, filter] of filters) filter.onEnded(stream);
    if (this.begun) this.dialect.onEnded?.(this);
    this.options.events.onEnded(this);
  }

  private onTooSlow(): void {
    this.options.events.onTooSlow(this);
    this.close(closeReasons.tooSlow);
  }

  private async runOpening(request: UpgradeRequest, admission: Admission): Promise<void> {
    try {
      await this.dialect.onOpen?.(this, request, admission);
    } catch (error) {
      this.options.logger.error('opening a session failed', { session: this.id, error: messageOf(error) });
      this.close(closeReasons.internal);
    }
  }

  private async work(): Promise<void> {
    this.working = true;
    for (let message = this.inbox.shift(); message !== undefined; message = this.inbox.shift()) {
      this.inboxBytes -= message.data.length;
      try {
        await this.dialect.onMessage(this, message);
      } catch (error) {
        this.options.logger.error('message handling failed', { session: this.id, error: messageOf(error) });
        this.close(closeReasons.internal);
      }
      if (this.paused && this.inbox.length === 0) this.unpause();
    }
    this.working = false;
  }

  private pause(): void {
    if (this.paused) return;
    this.paused = true;
    this.options.transport.pause();
  }

  private unpause(): void {
    this.paused = false;
    // The wait was ours: the peer gets a whole interval again to show that it lives.
    this.alive = true;
    this.options.transport.resume();
  }
}

/** Identifies a subscription within its session. */
export function subscriptionKey(accountId: string, text: string, variant: Variant | undefined): string {
  return variant === undefined ? `${accountId}\n${text}` : `${accountId}\n${text}\n${variant.key}`;
}
