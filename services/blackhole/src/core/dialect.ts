import type { ClientBinding, IncomingEvent } from '@ringdown/contracts';
import type { CloseReason } from './close-codes';
import type { Session } from './session';
import type { Admission, Refusal, RefusalAnswer, UpgradeRequest } from './upgrade';

/** One message from a client, in the order it came. */
export interface InboundMessage {
  readonly data: Buffer;
  readonly isBinary: boolean;
  /** False: over the rate limit; must be answered with an error and not acted on. */
  readonly withinRate: boolean;
}

/** Events may be missing since `sinceMs` (unix milliseconds). */
export interface GapNotice {
  readonly sinceMs: number;
  readonly reason: 'broker_reconnect' | 'queue_overflow' | 'consumer_cancelled' | 'authorization_check';
}

/** An event while it is delivered; its body is turned into JSON at most once, whoever renders it. */
export interface RenderableEvent {
  readonly event: IncomingEvent;
  /** Grows with every event of this process: an id where the protocol needs one and the event may have none of its own. */
  readonly sequence: number;
  bodyJson(): string;
}

/**
 * How one subscriber wants the frames of a binding, where a protocol leaves a choice (STOMP: version, subscription id,
 * destination). Subscriptions of one dialect to the same binding for the same account share their frames exactly when the
 * keys are equal, so a key must say everything that shows in a frame.
 */
export interface Variant {
  readonly key: string;
}

/**
 * A protocol spoken over WebSockets: how upgrades and messages are read and events written. Sessions, subscriptions,
 * authorisation, limits, delivery and what happens to a socket that does not read are the core's.
 *
 * One object serves all sockets. What a dialect remembers of one socket it creates in {@link onOpen} and disposes of in
 * {@link onEnded}; a `WeakMap` by session is a fit place for it. The optional members are for protocols that need them;
 * without them a socket behaves as each says.
 */
export interface Dialect {
  readonly name: string;
  /** The largest message a client may send, closed with 1009 by the WebSocket layer. Default: WS_MAX_MESSAGE_BYTES. */
  readonly maxMessageBytes?: number;
  /** A socket that says nothing for this long after a ping is dead. Default: until the next ping. */
  readonly pongWithinMs?: number;
  /**
   * `by dialect`: messages do not count by themselves and are all `withinRate`; the dialect calls
   * {@link Session.takeRate} for what shall count. Default: each message counts.
   */
  readonly rate?: 'by dialect';
  /**
   * Set where a protocol cannot go on after a loss: instead of being sent {@link renderGap} the session is closed.
   */
  readonly closesOnGap?: CloseReason;

  /**
   * Decides about an upgrade, before anything was answered: who asks, and which of the offered subprotocols is selected.
   * Called when the path is this dialect's, the instance takes sockets and the address has room; the limit per principal
   * is checked afterwards. Refuses by throwing an AppError; its code becomes the status ({@link Refusal}).
   * Default: the token of the headers, if any; no subprotocol.
   */
  admit?(request: UpgradeRequest): Promise<Admission>;
  /** The HTTP answer to a refused upgrade, whoever refused it. Default: Kazoo's error envelope. */
  renderRefusal?(refusal: Refusal, request: UpgradeRequest): RefusalAnswer;

  /**
   * The socket is open and, if {@link admit} found out whose it is, identified. Messages wait until the promise is
   * settled; a rejection closes with 1011. Not called for a socket that is closed right away (draining, limit).
   */
  onOpen?(session: Session, request: UpgradeRequest, admission: Admission): Promise<void> | void;
  /** Messages of one session come one at a time: the next after the promise of the last. */
  onMessage(session: Session, message: InboundMessage): Promise<void>;
  /** The session ended, by either side; called once for each that `onOpen` was called for. Its subscriptions still stand. */
  onEnded?(session: Session): void;

  /** Text of the frame for all subscribers of one binding for one account in one variant. */
  renderEvent(
    event: RenderableEvent,
    binding: ClientBinding,
    accountId: string,
    variant: Variant | undefined,
  ): string;
  renderGap(gap: GapNotice): string;
  /** Sent right before the close; undefined: nothing. */
  renderClosing(reason: CloseReason, session: Session): string | undefined;
  /** The WebSocket close code for a reason. Default: the reason's own. */
  closeCodeOf?(reason: CloseReason): number;
  /** Sent to everybody when a shutdown begins; the closes follow within `withinMs`. */
  renderDraining(withinMs: number): string | undefined;
  /** The session may no longer see these; they are removed already. May close the session and send nothing. */
  renderRemoved(session: Session, bindings: readonly string[]): string | undefined;
}
