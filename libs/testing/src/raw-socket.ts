import { randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { onTeardown } from './teardown';
import { waitUntil } from './wait-until';

/** A TCP connection that keeps what it received and writes whatever it is told, for malformed traffic. */
export class RawSocket {
  private readonly chunks: Buffer[] = [];
  /** Resolves when the connection ended, from either side. */
  readonly closed: Promise<void>;

  private constructor(readonly socket: Socket) {
    socket.on('data', (chunk) => this.chunks.push(chunk));
    socket.on('error', () => undefined);
    this.closed = new Promise((resolve) => socket.once('close', () => resolve()));
    const forget = onTeardown(async () => {
      socket.destroy();
      await this.closed;
    });
    void this.closed.then(forget);
  }

  static async connect(port: number, host = '127.0.0.1'): Promise<RawSocket> {
    const socket = connect({ port, host, noDelay: true });
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
    return new RawSocket(socket);
  }

  /** Connects and upgrades to WebSocket; what follows is up to the test. `received` then starts after the handshake. */
  static async handshake(url: string, headers: Readonly<Record<string, string>> = {}): Promise<RawSocket> {
    const { hostname, port, pathname, search } = new URL(url);
    const raw = await RawSocket.connect(Number(port), hostname);
    const lines = [
      `GET ${pathname}${search} HTTP/1.1`,
      `Host: ${hostname}:${port}`,
      'Upgrade: websocket',
      'Connection: Upgrade',
      `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}`,
      'Sec-WebSocket-Version: 13',
      ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    ];
    raw.write(`${lines.join('\r\n')}\r\n\r\n`);
    const head = await raw.waitFor((bytes) => bytes.includes('\r\n\r\n'), 'the answer to the upgrade');
    const text = head.toString('latin1');
    if (!text.startsWith('HTTP/1.1 101')) {
      raw.destroy();
      throw new Error(`upgrade refused: ${text.split('\r\n')[0]}`);
    }
    raw.chunks.splice(0, raw.chunks.length, head.subarray(head.indexOf('\r\n\r\n') + 4));
    return raw;
  }

  get received(): Buffer {
    return Buffer.concat(this.chunks);
  }

  write(bytes: Buffer | string): void {
    this.socket.write(bytes);
  }

  /** Everything received, once the predicate accepts it. */
  async waitFor(
    predicate: (received: Buffer) => boolean,
    what = 'bytes',
    timeoutMs = 10_000,
  ): Promise<Buffer> {
    await waitUntil(() => predicate(this.received), { timeoutMs, intervalMs: 5, what });
    return this.received;
  }

  destroy(): void {
    this.socket.destroy();
  }
}

/** Parts of a WebSocket frame a test may want wrong. */
export interface RawFrame {
  /** Default 1, text. */
  readonly opcode?: number;
  readonly fin?: boolean;
  /** Reserved bits 1-3 as a number 0-7. Default 0. */
  readonly rsv?: number;
  /** Clients must mask; default true. */
  readonly masked?: boolean;
  readonly payload?: Buffer | string;
  /** Announces another length than the payload has. */
  readonly claimedLength?: number;
}

/** The bytes of one WebSocket frame (RFC 6455 section 5.2), right or wrong. */
export function rawFrame(frame: RawFrame = {}): Buffer {
  const payload = Buffer.from(frame.payload ?? '');
  const length = frame.claimedLength ?? payload.length;
  const first = ((frame.fin ?? true) ? 0x80 : 0) | ((frame.rsv ?? 0) << 4) | (frame.opcode ?? 1);
  const maskBit = (frame.masked ?? true) ? 0x80 : 0;
  const head = Buffer.alloc(length < 126 ? 2 : length < 65_536 ? 4 : 10);
  head[0] = first;
  if (length < 126) head[1] = maskBit | length;
  else if (length < 65_536) {
    head[1] = maskBit | 126;
    head.writeUInt16BE(length, 2);
  } else {
    head[1] = maskBit | 127;
    head.writeBigUInt64BE(BigInt(length), 2);
  }
  if (maskBit === 0) return Buffer.concat([head, payload]);
  const mask = randomBytes(4);
  return Buffer.concat([head, mask, payload.map((byte, index) => byte ^ mask[index % 4]!)]);
}
