import { randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { dueMsOf } from './event-body';
import type { Entrance } from './protocols';
import { sharedNowMs } from './schedule';

/**
 * The cheapest WebSocket client that still counts every frame: it reads frame headers only and looks into the payload
 * when it is a sampler, so that the generator is not what is measured.
 */
export class RawSubscriber {
  frames = 0;
  /** Of the payloads of these frames. */
  bytes = 0;
  readonly latenciesMs: number[] = [];
  private readonly socket: Socket;
  private rest: Buffer = Buffer.alloc(0);
  private upgraded = false;
  /** As many texts as the entrance has steps; what comes behind them are events. */
  private readonly answers: string[] = [];
  private onProgress: (() => void) | undefined;
  private readonly url: URL;

  constructor(
    private readonly entrance: Entrance,
    private readonly sampled: boolean,
  ) {
    this.url = new URL(entrance.url);
    this.socket = connect({ host: this.url.hostname, port: Number(this.url.port), noDelay: true });
    this.socket.on('data', (chunk) => {
      this.read(chunk);
      this.onProgress?.();
    });
    this.socket.on('connect', () => this.onProgress?.());
    this.socket.on('close', () => this.onProgress?.());
    this.socket.on('error', (error) => process.stderr.write(`${error.message}\n`));
  }

  /** Upgrades and goes through the steps of the entrance. Rejects when another answer comes than expected. */
  async open(): Promise<void> {
    await this.until(() => !this.socket.connecting);
    this.socket.write(upgradeRequest(this.url, this.entrance.headers));
    await this.until(() => this.upgraded);
    for (const [i, { say, hear }] of this.entrance.steps.entries()) {
      if (say !== undefined) this.socket.write(maskedText(say));
      await this.until(() => this.answers.length > i);
      if (this.answers[i]!.includes(hear)) continue;
      this.close();
      throw new Error(`a subscriber was refused: ${this.answers[i]}`);
    }
  }

  close(): void {
    this.socket.destroy();
  }

  /** Looks again whenever something came. */
  private until(condition: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        if (condition()) resolve();
        else if (this.socket.closed) reject(new Error('a subscriber was disconnected before it was served'));
        else return;
        this.onProgress = undefined;
      };
      this.onProgress = look;
      look();
    });
  }

  private read(chunk: Buffer): void {
    let data = this.rest.length > 0 ? Buffer.concat([this.rest, chunk]) : chunk;
    if (!this.upgraded) {
      const end = data.indexOf('\r\n\r\n');
      if (end < 0) {
        this.rest = data;
        return;
      }
      const head = data.toString('latin1', 0, end);
      if (!head.startsWith('HTTP/1.1 101')) {
        this.socket.destroy(new Error(`a subscriber was refused: ${head.split('\r', 1)[0]}`));
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
    if (this.answers.length < this.entrance.steps.length) {
      this.answers.push(payload.toString());
      return;
    }
    this.frames += 1;
    this.bytes += payload.length;
    if (!this.sampled) return;
    const dueMs = dueMsOf(payload);
    if (dueMs !== undefined) this.latenciesMs.push(sharedNowMs() - dueMs);
  }
}

function upgradeRequest({ pathname, search, host }: URL, headers: Readonly<Record<string, string>>): string {
  const lines = [
    `GET ${pathname}${search} HTTP/1.1`,
    `Host: ${host}`,
    'Upgrade: websocket',
    'Connection: Upgrade',
    `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}`,
    'Sec-WebSocket-Version: 13',
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
  ];
  return `${lines.join('\r\n')}\r\n\r\n`;
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
