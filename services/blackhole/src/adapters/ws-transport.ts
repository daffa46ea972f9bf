import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import { payloadOf } from '../core/server-frame';
import type { Transport } from '../core/transport';

/**
 * A `ws` connection. Ready frames are written straight to the connection below it, one system call for all of a turn,
 * but only where that cannot break into something `ws` has to say: no extension was negotiated and its own queue is
 * empty. Otherwise they go through `send`. Verified for the pinned version of `ws` by a specification of its own.
 */
export class WsTransport implements Transport {
  /** Extensions are settled by the handshake. */
  private readonly withoutExtensions: boolean;

  constructor(
    private readonly socket: WebSocket,
    private readonly connection: Duplex,
  ) {
    this.withoutExtensions = socket.extensions === '';
  }

  get queuedBytes(): number {
    return this.socket.bufferedAmount;
  }

  write(frames: readonly Buffer[], joined: Buffer | undefined): void {
    if (this.socket.readyState !== this.socket.OPEN || this.connection.destroyed) return;
    if (!this.mayBypass()) {
      for (const frame of frames) this.socket.send(payloadOf(frame), { binary: false });
      return;
    }
    if (joined !== undefined) {
      this.connection.write(joined);
      return;
    }
    this.connection.cork();
    for (const frame of frames) this.connection.write(frame);
    this.connection.uncork();
  }

  ping(): void {
    if (this.socket.readyState === this.socket.OPEN) this.socket.ping();
  }

  pause(): void {
    this.socket.pause();
  }

  resume(): void {
    this.socket.resume();
  }

  close(code: number, reason: string): void {
    this.socket.close(code, reason);
  }

  terminate(): void {
    this.socket.terminate();
  }

  /** What `ws` has accepted but not written is `bufferedAmount` without the connection's own buffer. */
  private mayBypass(): boolean {
    return this.withoutExtensions && this.socket.bufferedAmount === this.connection.writableLength;
  }
}
