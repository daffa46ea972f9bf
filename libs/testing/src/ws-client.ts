import { randomHex } from '@ringdown/core';
import { WebSocket } from 'ws';
import { onTeardown } from './teardown';
import { waitUntil } from './wait-until';

/** A frame of the Kazoo dialect, parsed. */
export type Frame = Readonly<Record<string, unknown>>;

/** The answer to a request: `data` holds `errors` when `status` is `error`. */
export interface Reply extends Frame {
  readonly action: 'reply';
  readonly request_id: string;
  readonly status: 'success' | 'error';
  readonly data: Readonly<Record<string, unknown>> & { readonly errors?: readonly string[] };
}

/** An event as pushed to a client. */
export interface EventFrame extends Frame {
  readonly action: 'event';
  readonly subscribed_key: string;
  readonly subscription_key: string;
  readonly name: string;
  readonly routing_key: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** How a socket ended. */
export interface CloseStatus {
  readonly code: number;
  readonly reason: string;
}

export interface WsConnectOptions {
  /** Sent as `auth_token` with every request until {@link WsClient.token} is changed. */
  readonly token?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly protocols?: readonly string[];
  /** Default 10,000. */
  readonly timeoutMs?: number;
}

/** The server refused the upgrade with a plain HTTP answer. */
export class UpgradeRefused extends Error {
  constructor(
    readonly status: number,
    readonly body: string,
  ) {
    super(`upgrade refused: ${status} ${body}`);
    this.name = 'UpgradeRefused';
  }
}

/** A test client of the Kazoo dialect over a real WebSocket. Closed at the end of the spec file at the latest. */
export class WsClient {
  /** Every frame received, in order. */
  readonly frames: Frame[] = [];
  /** Event frames received, in order. */
  readonly events: EventFrame[] = [];
  /** Resolves when the socket closed; never rejects. */
  readonly closed: Promise<CloseStatus>;
  private taken = 0;

  private constructor(
    /** The socket itself, for tests that need to pause it or send raw frames. */
    readonly socket: WebSocket,
    public token: string | undefined,
  ) {
    socket.on('message', (data: Buffer) => this.take(data.toString('utf8')));
    socket.on('error', () => undefined);
    this.closed = new Promise((resolve) =>
      socket.once('close', (code, reason) => resolve({ code, reason: reason.toString('utf8') })),
    );
    const forget = onTeardown(async () => {
      socket.terminate();
      await this.closed;
    });
    void this.closed.then(forget);
  }

  /** Errors: {@link UpgradeRefused}, or the network error. */
  static async connect(url: string, options: WsConnectOptions = {}): Promise<WsClient> {
    const socket = new WebSocket(url, [...(options.protocols ?? [])], {
      headers: options.headers ?? {},
      handshakeTimeout: options.timeoutMs ?? 10_000,
      perMessageDeflate: false,
    });
    const client = new WsClient(socket, options.token);
    await new Promise<void>((resolve, reject) => {
      socket.once('open', resolve);
      socket.once('error', reject);
      socket.once('unexpected-response', (_request, response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => {
          reject(new UpgradeRefused(response.statusCode ?? 0, Buffer.concat(chunks).toString('utf8')));
          socket.terminate();
        });
      });
    });
    return client;
  }

  /** Sends one request and resolves with its reply, matched by `request_id`. */
  async request(
    action: string,
    data?: unknown,
    extra: Readonly<Record<string, unknown>> = {},
    timeoutMs = 10_000,
  ): Promise<Reply> {
    const requestId = typeof extra['request_id'] === 'string' ? extra['request_id'] : randomHex(16);
    this.sendJson({
      action,
      ...(this.token === undefined ? {} : { auth_token: this.token }),
      ...(data === undefined ? {} : { data }),
      request_id: requestId,
      ...extra,
    });
    return this.waitForReply(requestId, timeoutMs);
  }

  /** Like {@link request}, and throws when the reply is an error. */
  async requestOk(
    action: string,
    data?: unknown,
    extra: Readonly<Record<string, unknown>> = {},
  ): Promise<Reply> {
    const reply = await this.request(action, data, extra);
    if (reply.status !== 'success') throw new Error(`${action} failed: ${JSON.stringify(reply.data)}`);
    return reply;
  }

  /** Subscribes to one or several bindings, optionally of another account; throws when refused. */
  subscribe(bindings: string | readonly string[], accountId?: string): Promise<Reply> {
    return this.requestOk('subscribe', bindingData(bindings, accountId));
  }

  unsubscribe(bindings: string | readonly string[], accountId?: string): Promise<Reply> {
    return this.requestOk('unsubscribe', bindingData(bindings, accountId));
  }

  waitForReply(requestId: string, timeoutMs = 10_000): Promise<Reply> {
    return this.waitForFrame(
      (frame) => frame['action'] === 'reply' && frame['request_id'] === requestId,
      timeoutMs,
      `the reply to ${requestId}`,
    ) as Promise<Reply>;
  }

  /** The first frame, past or future, that the predicate accepts. */
  waitForFrame(predicate: (frame: Frame) => boolean, timeoutMs = 10_000, what = 'a frame'): Promise<Frame> {
    return this.whileOpen(() => this.frames.find(predicate), timeoutMs, what);
  }

  /**
   * The next event that the predicate accepts, after the one the last call returned. Events that arrived since then
   * count; those skipped over are not looked at again.
   */
  async nextEvent(
    predicate: (event: EventFrame) => boolean = () => true,
    timeoutMs = 10_000,
  ): Promise<EventFrame> {
    const index = await this.whileOpen(
      () => {
        const at = this.events.findIndex((event, position) => position >= this.taken && predicate(event));
        return at < 0 ? undefined : at;
      },
      timeoutMs,
      'an event',
    );
    this.taken = index + 1;
    return this.events[index]!;
  }

  /**
   * Proves that nothing else is coming: a ping's reply follows every frame the server queued before it. Use it instead
   * of sleeping where a test expects no event, after something that shows the event was processed.
   */
  async flush(): Promise<void> {
    await this.requestOk('ping');
  }

  sendJson(message: unknown): void {
    this.sendText(JSON.stringify(message));
  }

  /** Sends a frame as it is, well-formed or not. */
  sendText(text: string): void {
    this.socket.send(text);
  }

  async close(code = 1000, reason = ''): Promise<CloseStatus> {
    this.socket.close(code, reason);
    return this.closed;
  }

  private take(text: string): void {
    let frame: Frame;
    try {
      frame = JSON.parse(text) as Frame;
    } catch {
      frame = { action: 'unparsable', text };
    }
    this.frames.push(frame);
    if (frame['action'] === 'event') this.events.push(frame as EventFrame);
  }

  private async whileOpen<T>(look: () => T | undefined, timeoutMs: number, what: string): Promise<T> {
    let end: CloseStatus | undefined;
    void this.closed.then((status) => (end = status));
    const found = await waitUntil(
      () => {
        const value = look();
        return value !== undefined ? { value } : end && { end };
      },
      {
        timeoutMs,
        intervalMs: 5,
        what: () => `${what}; the last frames were ${JSON.stringify(this.frames.slice(-5))}`,
      },
    );
    if ('end' in found)
      throw new Error(`the socket closed (${JSON.stringify(found.end)}) before ${what} came`);
    return found.value as T;
  }
}

function bindingData(bindings: string | readonly string[], accountId: string | undefined): object {
  return {
    ...(accountId === undefined ? {} : { account_id: accountId }),
    ...(typeof bindings === 'string' ? { binding: bindings } : { bindings }),
  };
}
