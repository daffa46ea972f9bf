import type { Principal } from '@ringdown/auth';
import type { Authenticate } from '../core/access';
import type { Session } from '../core/session';
import type { Destination } from './destinations';

/** What an endpoint that speaks STOMP decides by itself: whose tokens it takes, and what may be subscribed to there. */
export interface StompPolicy {
  /** Of the dialect: subscriptions of endpoints with different names never share a frame. */
  readonly name: string;
  readonly authenticate: Authenticate;
  /** The principal of CONNECT is known, CONNECTED is not sent yet. What it throws ends the connection. */
  onConnect?(session: Session): Promise<void>;
  /** Errors: StompFault. */
  destination(text: string, principal: Principal): Destination;
}
