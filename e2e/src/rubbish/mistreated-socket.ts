import { onTeardown, waitUntil } from '@ringdown/testing';
import { WebSocket } from 'ws';

/** A WebSocket that says what it is told and keeps nothing of what it hears but counts. */
export class MistreatedSocket {
  /** Texts that came. */
  texts = 0;
  /** Of these, the ones that begin with what was asked to be counted. */
  counted = 0;
  closed = false;
  private last = '';

  private constructor(
    private readonly socket: WebSocket,
    countedPrefix: string,
  ) {
    socket.on('message', (data: Buffer) => {
      this.last = data.toString('utf8');
      this.texts += 1;
      if (this.last.startsWith(countedPrefix)) this.counted += 1;
      if (this.awaited !== undefined && this.last.includes(this.awaited)) this.heard = true;
    });
    socket.on('error', () => undefined);
    const forget = onTeardown(async () => socket.terminate());
    socket.once('close', () => {
      this.closed = true;
      forget();
    });
  }

  private awaited: string | undefined;
  private heard = false;

  /** The HTTP status instead, when the upgrade is refused. */
  static open(
    url: string,
    headers: Readonly<Record<string, string>> = {},
    countedPrefix = '{',
  ): Promise<MistreatedSocket | number> {
    const socket = new WebSocket(url, { headers, perMessageDeflate: false, handshakeTimeout: 30_000 });
    const mistreated = new MistreatedSocket(socket, countedPrefix);
    return new Promise((resolve, reject) => {
      socket.once('open', () => resolve(mistreated));
      socket.once('error', reject);
      socket.once('unexpected-response', (_request, response) => {
        response.resume();
        socket.terminate();
        resolve(response.statusCode ?? 0);
      });
    });
  }

  send(data: Buffer, binary = false): void {
    if (!this.closed) this.socket.send(data, { binary });
  }

  /** In several WebSocket frames, with a ping between them. */
  sendInPieces(data: Buffer): void {
    if (this.closed) return;
    const half = data.length >> 1;
    this.socket.send(data.subarray(0, half), { binary: false, fin: false });
    this.socket.ping('x');
    this.socket.send(data.subarray(half), { binary: false, fin: true });
  }

  /** Returns when everything said before was answered, or the server closed the connection. */
  async say(text: string, answer: string): Promise<void> {
    this.awaited = answer;
    this.heard = false;
    this.send(Buffer.from(text));
    await waitUntil(() => this.heard || this.closed, {
      timeoutMs: 60_000,
      intervalMs: 2,
      what: () => `${JSON.stringify(answer)} or the end; the last heard was ${this.last.slice(0, 500)}`,
    });
  }

  /** Politely, or as a telephone that falls into water. */
  async leave(politely: boolean): Promise<void> {
    if (politely) this.socket.close();
    else this.socket.terminate();
    await waitUntil(() => this.closed, { timeoutMs: 30_000, intervalMs: 2, what: 'the end of a socket' });
  }
}
