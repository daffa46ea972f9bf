/** Whatever collects frames and writes them when the scheduler says so. */
export interface Flushable {
  flush(join: FrameJoiner): void;
}

/** Concatenates frames; consecutive sockets with the same frames share one buffer. */
export interface FrameJoiner {
  join(frames: readonly Buffer[]): Buffer | undefined;
}

/** Above this, copying costs more than another entry in a vectored write. */
const MAX_JOINED_BYTES = 256 * 1024;

/**
 * Gathers what is written to all sockets during one turn of the event loop and writes it once per socket at its end: the
 * system call is what a delivery costs, so several events in one write are several times cheaper.
 */
export class WriteScheduler implements FrameJoiner {
  private dirty: Flushable[] = [];
  private scheduled = false;
  private lastFrames: readonly Buffer[] = [];
  private lastJoined: Buffer | undefined;
  private flushedListeners: (() => void)[] = [];

  /** The caller makes sure that it is not scheduled already. */
  schedule(target: Flushable): void {
    this.dirty.push(target);
    this.arm();
  }

  /** Calls `listener` once, after the next flush. */
  afterFlush(listener: () => void): void {
    this.flushedListeners.push(listener);
    this.arm();
  }

  join(frames: readonly Buffer[]): Buffer | undefined {
    if (frames.length === 1) return frames[0];
    if (sameFrames(frames, this.lastFrames)) return this.lastJoined;
    let bytes = 0;
    for (const frame of frames) bytes += frame.length;
    this.lastFrames = frames;
    this.lastJoined = bytes > MAX_JOINED_BYTES ? undefined : Buffer.concat(frames, bytes);
    return this.lastJoined;
  }

  private arm(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    setImmediate(() => this.flushAll());
  }

  private flushAll(): void {
    this.scheduled = false;
    const targets = this.dirty;
    const listeners = this.flushedListeners;
    this.dirty = [];
    this.flushedListeners = [];
    for (const target of targets) target.flush(this);
    this.lastFrames = [];
    this.lastJoined = undefined;
    for (const listener of listeners) listener();
  }
}

function sameFrames(a: readonly Buffer[], b: readonly Buffer[]): boolean {
  if (a.length !== b.length) return false;
  for (let index = 0; index < a.length; index += 1) if (a[index] !== b[index]) return false;
  return true;
}
