import type { ClientBinding, IncomingEvent } from '@ringdown/contracts';
import type { CloseReason } from './close-codes';
import type { Session } from './session';

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
  bodyJson(): string;
}

/**
 * A protocol spoken over WebSockets: how messages are read and events written. Sessions, subscriptions, authorisation,
 * limits and delivery are the core's; a dialect holds no state of its own.
 */
export interface Dialect {
  readonly name: string;
  /** Messages of one session come one at a time: the next after the promise of the last. */
  onMessage(session: Session, message: InboundMessage): Promise<void>;
  /** Text of the frame for all subscribers of one binding for one account. */
  renderEvent(event: RenderableEvent, binding: ClientBinding, accountId: string): string;
  renderGap(gap: GapNotice): string;
  /** Sent right before the close; undefined: nothing. */
  renderClosing(reason: CloseReason): string | undefined;
  /** Sent to everybody when a shutdown begins; the closes follow within `withinMs`. */
  renderDraining(withinMs: number): string | undefined;
  /** The session may no longer see these; they are removed already. */
  renderRemoved(session: Session, bindings: readonly string[]): string | undefined;
}
