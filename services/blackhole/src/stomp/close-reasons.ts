import { closeReasons, type CloseReason } from '../core/close-codes';

/** Why this protocol closes a socket by itself; an ERROR frame with the details precedes all but `disconnected`. */
export const stompCloseReasons = {
  disconnected: { name: 'disconnected', code: 1000, text: '', reconnect: 'now' },
  protocolError: { name: 'stomp_error', code: 1002, text: 'see the ERROR frame', reconnect: 'later' },
  unauthorized: {
    name: 'stomp_unauthorized',
    code: 1002,
    text: 'not authenticated',
    reconnect: 'with a new token',
  },
  heartBeatLost: { name: 'heart_beat_lost', code: 1002, text: 'heart-beat lost', reconnect: 'now' },
  tooManyUnacknowledged: {
    name: 'too_many_unacknowledged',
    code: 1002,
    text: 'too many unacknowledged messages',
    reconnect: 'now',
  },
  frameTooLarge: { name: 'frame_too_large', code: 1009, text: 'frame too large', reconnect: 'later' },
  eventsLost: {
    name: 'events_lost',
    code: 1002,
    text: 'events may have been lost, connect again',
    reconnect: 'now',
  },
  accessLost: {
    name: 'access_lost',
    code: 1002,
    text: 'no longer authorized for a subscription',
    reconnect: 'later',
  },
} as const satisfies Record<string, CloseReason>;

const codes = new Map<CloseReason, number>([
  [closeReasons.shutdown, 1001],
  [closeReasons.internal, 1011],
  [closeReasons.tooSlow, 1013],
]);
const own = new Set<CloseReason>(Object.values(stompCloseReasons));

/** The core's reasons in this protocol: 1002 after an ERROR frame, but for those with a code of their own. */
export function stompCloseCodeOf(reason: CloseReason): number {
  return own.has(reason) ? reason.code : (codes.get(reason) ?? 1002);
}

/** Why the gateway closed, as the text of the ERROR frame. */
export function closingText(reason: CloseReason): string {
  return reason.reconnect === 'with a new token' ? `401 Unauthorized, ${reason.text}` : reason.text;
}
