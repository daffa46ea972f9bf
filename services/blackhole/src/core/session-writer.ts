import type { Transport } from './transport';
import type { Flushable, FrameJoiner, WriteScheduler } from './write-scheduler';

/**
 * The outgoing half of one socket: frames wait until the end of the turn and then go out in one write. The bytes waiting
 * here and in the connection are bounded; nothing is dropped below the bound, and above it the socket is given up.
 */
export class SessionWriter implements Flushable {
  private pending: Buffer[] = [];
  private pendingBytes = 0;
  private open = true;

  constructor(
    private readonly transport: Transport,
    private readonly scheduler: WriteScheduler,
    private readonly maxQueuedBytes: number,
    private readonly onTooSlow: () => void,
  ) {}

  get queuedBytes(): number {
    return this.pendingBytes + this.transport.queuedBytes;
  }

  /** False when the frame was not taken because the socket is closing or was just found too slow. */
  push(frame: Buffer): boolean {
    if (!this.open) return false;
    if (!this.hasRoomFor(frame)) {
      // What waits for the end of the turn says nothing about the peer; only what the connection does not take does.
      this.flush(this.scheduler);
      if (!this.hasRoomFor(frame)) {
        this.onTooSlow();
        return false;
      }
    }
    if (this.pending.push(frame) === 1) this.scheduler.schedule(this);
    this.pendingBytes += frame.length;
    return true;
  }

  flush(joiner: FrameJoiner): void {
    if (this.pending.length === 0) return;
    const frames = this.pending;
    this.pending = [];
    this.pendingBytes = 0;
    this.transport.write(frames, joiner.join(frames));
  }

  /** A single frame larger than the bound still passes on an idle socket: the bound is about not reading. */
  private hasRoomFor(frame: Buffer): boolean {
    const queued = this.queuedBytes;
    return queued === 0 || queued + frame.length <= this.maxQueuedBytes;
  }

  /** Writes what waits (or drops it, for a socket that does not read anyway), then `last`, and takes nothing more. */
  finish(last: Buffer | undefined, options: { readonly dropPending: boolean }): void {
    if (!this.open) return;
    this.open = false;
    const frames = options.dropPending ? [] : this.pending;
    this.pending = [];
    this.pendingBytes = 0;
    if (last !== undefined) frames.push(last);
    if (frames.length > 0) this.transport.write(frames, undefined);
  }

  /** The connection is gone: forget what waits. */
  abandon(): void {
    this.open = false;
    this.pending = [];
    this.pendingBytes = 0;
  }
}
