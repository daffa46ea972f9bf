/** What a client should do after a close. */
export type Reconnect = 'now' | 'later' | 'with a new token';

/** Why the gateway closes a socket. */
export interface CloseReason {
  /** Stable name, the label of the metric. */
  readonly name: string;
  /** WebSocket close code. */
  readonly code: number;
  /** Sent as close reason and in the error frame before it. */
  readonly text: string;
  readonly reconnect: Reconnect;
}

/** The one table of reasons for which the gateway itself closes a socket. */
export const closeReasons = {
  shutdown: { name: 'shutdown', code: 1001, text: 'server shutting down', reconnect: 'now' },
  internal: { name: 'internal', code: 1011, text: 'internal error', reconnect: 'later' },
  expired: { name: 'expired', code: 4001, text: 'authentication expired', reconnect: 'with a new token' },
  unauthenticated: {
    name: 'unauthenticated',
    code: 4001,
    text: 'not authenticated in time',
    reconnect: 'with a new token',
  },
  revoked: { name: 'revoked', code: 4003, text: 'authentication revoked', reconnect: 'with a new token' },
  tooSlow: {
    name: 'too_slow',
    code: 4008,
    text: 'too slow: events were queued for too long',
    reconnect: 'now',
  },
  limit: { name: 'limit', code: 4009, text: 'connection limit reached', reconnect: 'later' },
  closedByOperator: {
    name: 'closed_by_operator',
    code: 4010,
    text: 'closed by operator',
    reconnect: 'later',
  },
} as const satisfies Record<string, CloseReason>;

/** Codes that come from the WebSocket layer or the client; listed for the metric and the documentation. */
export const foreignCloseCodes: Readonly<Record<number, string>> = {
  1000: 'normal',
  1001: 'going_away',
  1002: 'protocol_error',
  1005: 'no_status',
  1006: 'abnormal',
  1007: 'invalid_utf8',
  1009: 'message_too_large',
};
