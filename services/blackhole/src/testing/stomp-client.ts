import { WebSocket } from 'ws';
import { onTeardown, waitUntil, type CloseStatus } from '@ringdown/testing';
import { FrameDecoder, serverCommands, type StompVersion } from '../stomp/codec';

export interface ReceivedFrame {
  readonly command: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface StompConnectOptions {
  readonly version?: StompVersion;
  readonly token?: string;
  /** Of the CONNECT frame, beside `accept-version` and `Authorization`. */
  readonly headers?: Readonly<Record<string, string>>;
}

const limits = { maxFrameBytes: 10_000_000, maxHeaders: 100, maxLineBytes: 100_000 };

/** A STOMP peer that says exactly what a test tells it to, right or wrong. */
export class StompClient {
  readonly frames: ReceivedFrame[] = [];
  /** Messages that held nothing but line ends. */
  beats = 0;
  readonly closed: Promise<CloseStatus>;
  /** Undefined while the socket is open. */
  closeStatus: CloseStatus | undefined;
  private readonly decoder = new FrameDecoder({ limits, commands: serverCommands });

  private constructor(readonly socket: WebSocket) {
    socket.on('message', (data: Buffer) => this.take(data));
    socket.on('error', () => undefined);
    this.closed = new Promise((resolve) =>
      socket.once('close', (code, reason) => {
        this.closeStatus = { code, reason: reason.toString() };
        resolve(this.closeStatus);
      }),
    );
    onTeardown(async () => {
      socket.terminate();
      await this.closed;
    });
  }

  /** Only the WebSocket. */
  static async open(url: string, headers: Readonly<Record<string, string>> = {}): Promise<StompClient> {
    const socket = new WebSocket(url, ['v12.stomp', 'v11.stomp', 'v10.stomp'], { headers });
    const client = new StompClient(socket);
    await new Promise<void>((resolve, reject) => socket.once('open', resolve).once('error', reject));
    return client;
  }

  /** Connected, and read by the version. */
  static async connect(url: string, options: StompConnectOptions = {}): Promise<StompClient> {
    const { version = '1.2', token, headers = {} } = options;
    const client = await StompClient.open(url);
    client.send('CONNECT', {
      'accept-version': version,
      ...(token === undefined ? {} : { Authorization: token }),
      ...headers,
    });
    await client.next('CONNECTED');
    client.decoder.version = version;
    return client;
  }

  /** As it is: nothing is escaped. */
  send(command: string, headers: Readonly<Record<string, string>> = {}, body = ''): void {
    const lines = Object.entries(headers).map(([name, value]) => `${name}:${value}\n`);
    this.socket.send(`${command}\n${lines.join('')}\n${body}\0`);
  }

  /** Asks for a receipt and waits for it. */
  async confirmed(command: string, headers: Readonly<Record<string, string>> = {}): Promise<void> {
    const receipt = `r-${this.frames.length}-${Math.random()}`;
    this.send(command, { ...headers, receipt });
    await waitUntil(
      () =>
        this.frames.some((frame) => frame.command === 'RECEIPT' && frame.headers['receipt-id'] === receipt),
      { what: () => `the receipt; got ${JSON.stringify(this.frames.slice(-3))}`, intervalMs: 2 },
    );
  }

  subscribe(id: string, destination: string, headers: Readonly<Record<string, string>> = {}): Promise<void> {
    return this.confirmed('SUBSCRIBE', { id, destination, ...headers });
  }

  get messages(): readonly ReceivedFrame[] {
    return this.frames.filter(({ command }) => command === 'MESSAGE');
  }

  /** The first frame of the command that came. */
  next(command: string): Promise<ReceivedFrame> {
    return waitUntil(() => this.frames.find((frame) => frame.command === command), {
      what: () => `${command}; got ${JSON.stringify(this.frames.slice(-3))}`,
      intervalMs: 2,
    });
  }

  async messageCount(count: number): Promise<readonly ReceivedFrame[]> {
    await waitUntil(() => this.messages.length >= count, {
      what: () => `${count} messages; got ${JSON.stringify(this.frames.slice(-3))}`,
      intervalMs: 2,
    });
    return this.messages;
  }

  /** The ERROR frame and how the socket closed behind it. */
  async failure(): Promise<{ readonly error: ReceivedFrame | undefined; readonly code: number }> {
    const { code } = await this.closed;
    return { error: this.frames.find(({ command }) => command === 'ERROR'), code };
  }

  private take(data: Buffer): void {
    if (data.every((byte) => byte === 10)) this.beats += 1;
    this.decoder.push(data);
    for (let decoded = this.decoder.next(); decoded !== undefined; decoded = this.decoder.next()) {
      if (!decoded.ok) throw new Error(`the server sent a bad frame: ${decoded.fault.text}`);
      const { command, headers, body } = decoded.frame;
      this.frames.push({ command, headers: Object.fromEntries(headers), body: body.toString() });
    }
  }
}
