import { eventBody } from './event-body';

export const protocols = ['kazoo', 'hub', 'stomp'] as const;
export type Protocol = (typeof protocols)[number];

/** One word of the conversation after which a subscriber gets events. */
export interface Step {
  /** Undefined: the server speaks by itself. */
  readonly say?: string;
  /** What its next text must contain. */
  readonly hear: string;
}

/** How a subscriber gets in. */
export interface Entrance {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly steps: readonly Step[];
}

const BINDING = 'call.CHANNEL_CREATE.*';
/** All subscribers have the same subscription id, as clients that count from nought do. */
const SUBSCRIPTION = 'sub-0';

/** The way into blackhole in each protocol, for the same events. */
export const entrances: Readonly<Record<Protocol, (wsUrl: string, token: string) => Entrance>> = {
  kazoo: (wsUrl, token) => ({
    url: wsUrl,
    headers: {},
    steps: [
      {
        say: JSON.stringify({ action: 'subscribe', auth_token: token, data: { binding: BINDING } }),
        hear: '"success"',
      },
    ],
  }),
  hub: (wsUrl, token) => ({
    url: `${wsUrl}/api/v1/ws/subscribe?event_types=call.CHANNEL_CREATE`,
    headers: { Authorization: `Bearer ${token}` },
    steps: [{ hear: '"client_id"' }],
  }),
  stomp: (wsUrl, token) =>
    stompEntrance(`${wsUrl}/ws.communication`, `/topic/${BINDING}`, { Authorization: token }),
};

/** STOMP 1.2 without heart-beats and acknowledgements. */
export function stompEntrance(
  url: string,
  destination: string,
  login: Readonly<Record<string, string>>,
): Entrance {
  return {
    url,
    headers: { 'Sec-WebSocket-Protocol': 'v12.stomp' },
    steps: [
      { say: stompText('CONNECT', { 'accept-version': '1.2', ...login }), hear: 'CONNECTED' },
      {
        say: stompText('SUBSCRIBE', { id: SUBSCRIPTION, destination, receipt: SUBSCRIPTION }),
        hear: 'RECEIPT',
      },
    ],
  };
}

/** The text of one event's frame, as long as blackhole's own: what the bare peer broadcasts. */
export const eventTexts: Readonly<Record<Protocol, (sequence: number, dueMs: number) => string>> = {
  kazoo: (sequence, dueMs) =>
    JSON.stringify({
      action: 'event',
      subscribed_key: BINDING,
      subscription_key: `call.${ACCOUNT}.CHANNEL_CREATE.*`,
      name: 'CHANNEL_CREATE',
      routing_key: `call.CHANNEL_CREATE.bench-${sequence}`,
      data: eventBody(ACCOUNT, sequence, dueMs),
    }),
  hub: (sequence, dueMs) =>
    JSON.stringify({
      id: ACCOUNT + ACCOUNT,
      event_type: 'call',
      timestamp: new Date(dueMs).toISOString(),
      message: 'CHANNEL_CREATE',
      body: eventBody(ACCOUNT, sequence, dueMs),
    }),
  stomp: (sequence, dueMs) => {
    const body = JSON.stringify(eventBody(ACCOUNT, sequence, dueMs));
    const headers = {
      destination: `/topic/${BINDING}`,
      'message-id': `01234567-${sequence}-${SUBSCRIPTION}`,
      subscription: SUBSCRIPTION,
      'content-type': 'application/json',
      'content-length': String(Buffer.byteLength(body)),
    };
    return stompText('MESSAGE', headers, body);
  },
};

/** Any account: the peer serves none. */
const ACCOUNT = '0123456789abcdef0123456789abcdef';

function stompText(command: string, headers: Readonly<Record<string, string>>, body = ''): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}:${value}\n`);
  return `${command}\n${lines.join('')}\n${body}\0`;
}
