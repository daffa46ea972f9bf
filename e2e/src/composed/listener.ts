import { WebSocket } from 'ws';
import { onTeardown } from '@ringdown/testing';
import type { Seen } from './losses';

/** How a client of one protocol subscribes to changed devices. */
export interface Protocol {
  readonly name: string;
  /** Below the address of the edge. */
  readonly path: string;
  headers(token: string): Record<string, string>;
  /** Sent as soon as the socket is open. */
  greeting(token: string): readonly string[];
  read(text: string): readonly (Seen | { readonly kind: 'send'; readonly text: string })[];
}

interface ChangeBody {
  readonly id: string;
  readonly rev: string;
}

const change = ({ id, rev }: ChangeBody): Seen => ({ kind: 'change', id, rev: Number.parseInt(rev, 10) });

export const kazoo: Protocol = {
  name: 'Kazoo',
  path: '/ws',
  headers: () => ({}),
  greeting: (token) => [
    JSON.stringify({ action: 'subscribe', auth_token: token, data: { binding: 'object.*.device' } }),
  ],
  read: (text) => {
    const frame = JSON.parse(text) as Record<string, unknown>;
    if (frame['action'] === 'event') return [change(frame['data'] as ChangeBody)];
    if (frame['action'] === 'gap') return [{ kind: 'gap', reason: String(frame['reason']) }];
    return frame['status'] === 'success' ? [{ kind: 'subscribed' }] : [];
  },
};

export const hub: Protocol = {
  name: 'events hub',
  path: '/api/v1/ws/subscribe?event_types=object.doc_created.device,object.doc_edited.device',
  headers: (token) => ({ authorization: `Bearer ${token}` }),
  greeting: () => [],
  read: (text) => {
    const { event_type: type, message, body } = JSON.parse(text) as Record<string, unknown>;
    if (type === 'object') return [change(body as ChangeBody)];
    if (message === 'gap')
      return [{ kind: 'gap', reason: String((body as Record<string, unknown>)['reason']) }];
    return (body as Record<string, unknown> | undefined)?.['client_id'] ? [{ kind: 'subscribed' }] : [];
  },
};

export const stomp: Protocol = {
  name: 'STOMP',
  path: '/ws.communication',
  headers: () => ({}),
  greeting: (token) => [`CONNECT\naccept-version:1.2\nhost:ringdown\nAuthorization:${token}\n\n\0`],
  read: (text) =>
    text.split('\0').flatMap((part): ReturnType<Protocol['read']> => {
      const frame = part.replace(/^\n+/, '');
      const body = frame.slice(frame.indexOf('\n\n') + 2);
      if (frame.startsWith('CONNECTED\n')) {
        return [
          { kind: 'send', text: 'SUBSCRIBE\nid:1\ndestination:/topic/object.*.device\nreceipt:1\n\n\0' },
        ];
      }
      if (frame.startsWith('RECEIPT\n')) return [{ kind: 'subscribed' }];
      if (frame.startsWith('MESSAGE\n')) return [change(JSON.parse(body) as ChangeBody)];
      return frame.startsWith('ERROR\n') ? [{ kind: 'gap', reason: body }] : [];
    }),
};

const RECONNECT_MS = 200;

/** A client as users have it: subscribes, connects again whenever the socket ends, and remembers what it saw. */
export class Listener {
  readonly seen: Seen[] = [];
  private socket: WebSocket | undefined;
  private timer: NodeJS.Timeout | undefined;
  private stopped = false;

  constructor(
    readonly protocol: Protocol,
    private readonly edge: string,
    private readonly token: string,
  ) {
    onTeardown(() => {
      this.stop();
      return Promise.resolve();
    });
    this.connect();
  }

  /** True while the last thing that happened to the socket is a confirmed subscription. */
  get subscribed(): boolean {
    return this.seen.findLast(({ kind }) => kind === 'subscribed' || kind === 'lost')?.kind === 'subscribed';
  }

  /** The newest revision seen of a document. */
  revisionOf(id: string): number {
    return this.seen.reduce((last, one) => (one.kind === 'change' && one.id === id ? one.rev : last), 0);
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.timer);
    this.socket?.terminate();
  }

  private connect(): void {
    const socket = new WebSocket(`${this.edge.replace(/^http/, 'ws')}${this.protocol.path}`, {
      headers: this.protocol.headers(this.token),
      handshakeTimeout: 5_000,
    });
    this.socket = socket;
    socket.on('open', () => this.protocol.greeting(this.token).forEach((text) => socket.send(text)));
    socket.on('error', () => undefined);
    socket.on('message', (data: Buffer) => {
      for (const one of this.protocol.read(data.toString('utf8'))) {
        if (one.kind === 'send') socket.send(one.text);
        else this.seen.push(one);
      }
    });
    socket.on('close', (code) => {
      if (this.stopped) return;
      this.seen.push({ kind: 'lost', code });
      this.timer = setTimeout(() => this.connect(), RECONNECT_MS);
    });
  }
}
