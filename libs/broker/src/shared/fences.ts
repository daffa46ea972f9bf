import {
  AppError,
  type Deferred,
  deferred,
  isAppError,
  messageOf,
  newMessageId,
  pause,
} from '@ringdown/core';
import { fenceKey } from './topology';

/** A marker that is not read this long after its confirm was lost with the log, or its reader is slow: another is written. */
const REPEAT_MS = 5_000;
const RETRY_MS = 100;

interface Marker {
  readonly key: string;
  readonly read: Deferred<number>;
  /** Ends the pause before the marker is written again. */
  nudge: AbortController;
  waiters: number;
  written: boolean;
  ended: boolean;
}

/**
 * The markers of one reader: at most one under way, and one more for everybody who asked since it was published, because
 * only a marker published after the call proves what the caller wants to know.
 */
export class Fences {
  private current: Marker | undefined;
  private following: Marker | undefined;

  /** `publish` resolves when the broker confirmed. */
  constructor(
    private readonly log: string,
    private readonly publish: (routingKey: string, timeoutMs: number) => Promise<void>,
  ) {}

  async wait(timeoutMs: number): Promise<number> {
    const marker = this.current === undefined ? this.begin(newMarker()) : (this.following ??= newMarker());
    marker.waiters += 1;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(this.lateness(marker, timeoutMs)), timeoutMs);
    });
    try {
      return await Promise.race([marker.read.promise, late]);
    } finally {
      clearTimeout(timer);
      marker.waiters -= 1;
      if (marker.waiters === 0) this.forget(marker);
    }
  }

  /** A fence was read, of this reader or of another. */
  onRead(routingKey: string, offset: number): void {
    const marker = this.current;
    if (marker?.key !== routingKey) return;
    marker.read.resolve(offset);
    this.end(marker);
  }

  /** What was written so far may never be read. */
  onLost(): void {
    this.current?.nudge.abort();
  }

  close(): void {
    for (const marker of [this.following, this.current]) {
      if (marker === undefined) continue;
      marker.read.reject(new AppError('closed', `the reader of ${this.log} was closed`));
      marker.ended = true;
      marker.nudge.abort();
    }
    this.following = undefined;
    this.current = undefined;
  }

  private begin(marker: Marker): Marker {
    this.current = marker;
    void this.write(marker);
    return marker;
  }

  private async write(marker: Marker): Promise<void> {
    while (!marker.ended) {
      marker.nudge = new AbortController();
      try {
        await this.publish(marker.key, REPEAT_MS);
        marker.written = true;
        if (!marker.ended) await pause(REPEAT_MS, marker.nudge.signal);
      } catch (error) {
        if (isAppError(error) && error.code !== 'unavailable') {
          marker.read.reject(new AppError(error.code, `fence of ${this.log}: ${messageOf(error)}`));
          return this.end(marker);
        }
        if (!marker.ended) await pause(RETRY_MS, marker.nudge.signal);
      }
    }
  }

  private forget(marker: Marker): void {
    if (this.following === marker) this.following = undefined;
    else this.end(marker);
  }

  private end(marker: Marker): void {
    if (marker.ended) return;
    marker.ended = true;
    marker.nudge.abort();
    if (this.current !== marker) return;
    this.current = undefined;
    const next = this.following;
    this.following = undefined;
    if (next !== undefined) this.begin(next);
  }

  private lateness(marker: Marker, timeoutMs: number): AppError {
    return marker.written
      ? new AppError('timeout', `fence of ${this.log} was not read within ${timeoutMs} ms`)
      : new AppError('unavailable', `fence of ${this.log} could not be written within ${timeoutMs} ms`);
  }
}

function newMarker(): Marker {
  const read = deferred<number>();
  // Whoever waited may have given up.
  read.promise.catch(() => undefined);
  return {
    key: fenceKey(newMessageId()),
    read,
    nudge: new AbortController(),
    waiters: 0,
    written: false,
    ended: false,
  };
}
