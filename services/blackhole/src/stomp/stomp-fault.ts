import type { CloseReason } from '../core/close-codes';
import { stompCloseReasons } from './close-reasons';

export interface FaultDetails {
  readonly reason?: CloseReason;
  readonly headers?: readonly (readonly [name: string, value: string])[];
  readonly body?: string;
}

/** What ends a connection: told in an ERROR frame, then the socket is closed. */
export class StompFault extends Error {
  readonly reason: CloseReason;

  constructor(
    /** The `message` header. */
    message: string,
    readonly details: FaultDetails = {},
  ) {
    super(message);
    this.name = 'StompFault';
    this.reason = details.reason ?? stompCloseReasons.protocolError;
  }
}

/** Clients of this protocol ask for a new login when the `message` header contains `401`. */
export const UNAUTHORIZED_TEXT = '401 Unauthorized';

export function unauthorized(): StompFault {
  return new StompFault(UNAUTHORIZED_TEXT, { reason: stompCloseReasons.unauthorized });
}
