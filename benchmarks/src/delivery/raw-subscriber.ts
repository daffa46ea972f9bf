import { randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { dueMsOf } from './event-body';
import { sharedNowMs } from './schedule';

/**
 * The cheapest WebSocket client that still counts every frame: it reads frame headers only and looks into the payload
 * when it is a sampler, so that the generator is not what is measured.
 */
export class RawSubscriber {
  frames = 0;
  readonly latenciesMs: number[] = [];
  private readonly socket: Socket;
  private rest: Buffer = Buffer.alloc(0);
  private upgraded = false;
  private onText: ((text: string) => void) | undefined;

  constructor(
    private readonly url: URL,
    private readonly sampled: boolean,
  ) {
    this.socket = connect({ host: url.hostname, port: Number(url.port), noDelay: true });
    this.socket.on('data', (chunk) => this.read(chunk));
  }

  /** Upgrades, then sends `message` and waits for the reply when one is given. */
  async open(message: string | undefined): Promise<string | undefined> {
    await new Promise<void>((resolve, reject) => {
      this.socket.once('error', reject);
      this.socket.once('connect', () => {
        this.socket.write(
          `GET / HTTP/1.1\r\nHost: ${this.url.host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
            `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}\r\nSec-WebSocket-Version: 13\r\n\r\n`,
        );
        resolve();
      });
    });
    if (message === undefined) return undefined;
    return new Promise((resolve, reject) => {
      this.socket.once('error', reject);
      this.socket.once('close', () => reject(new Error('closed before the reply')));
      this.onText = (text) => {
        this.onText = undefined;
        resolve(text);
      };
      this.socket.write(maskedText(message));
    });
  }

  close(): void {
    this.socket.destroy();
  }

  private read(chunk: Buffer): void {
    let data = this.rest.length > 0 ? Buffer.concat([this.rest, chunk]) : chunk;
    if (!this.upgraded) {
      const end = data.indexOf('\r\n\r\n');
      if (end < 0) {
        this.rest = data;
        return;
      }
      this.upgraded = true;
      data = data.subarray(end + 4);
    }
    let at = 0;
    for (;;) {
      if (data.length - at < 2) break;
      let length = data[at + 1]! & 0x7f;
      let header = 2;
      if (length === 126) {
        if (data.length - at < 4) break;
        length = data.readUInt16BE(at + 2);
        header = 4;
      } else if (length === 127) {
        if (data.length - at < 10) break;
        length = Number(data.readBigUInt64BE(at + 2));
        header = 10;
      }
      if (data.length - at < header + length) break;
      if ((data[at]! & 0x0f) === 1) this.text(data.subarray(at + header, at + header + length));
      at += header + length;
    }
    this.rest = at === data.length ? Buffer.alloc(0) : data.subarray(at);
  }

  private text(payload: Buffer): void {
    if (this.onText) {
      this.onText(payload.toString());
      return;
    }
    this.frames += 1;
    if (!this.sampled) return;
    const dueMs = dueMsOf(payload);
    if (dueMs !== undefined) this.latenciesMs.push(sharedNowMs() - dueMs);
  }
}

/** A masked text frame, as clients must send; an all-zero mask is legal. */
function maskedText(text: string): Buffer {
  const payload = Buffer.from(text);
  const header =
    payload.length < 126
      ? Buffer.from([0x81, 0x80 | payload.length])
      : Buffer.from([0x81, 0xfe, payload.length >> 8, payload.length & 0xff]);
  return Buffer.concat([header, Buffer.alloc(4), payload]);
}
