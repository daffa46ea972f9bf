import { systemClock, type Clock } from '@ringdown/core';

/** A deadline set on the wheel. */
export interface WheelEntry {
  cancel(): void;
}

interface Slot {
  readonly atMs: number;
  readonly run: () => void;
}

/**
 * Many deadlines on one timer: heartbeats, expiry and authentication of thousands of sockets. Deadlines fall due up to
 * one tick late, never early; whoever needs the exact instant compares the clock where it matters.
 */
export class DeadlineWheel {
  private readonly buckets = new Map<number, Set<Slot>>();
  private timer: NodeJS.Timeout | undefined;
  private nextTick: number;

  constructor(
    private readonly tickMs = 100,
    private readonly clock: Clock = systemClock,
  ) {
    this.nextTick = this.tickOf(clock());
  }

  get size(): number {
    let size = 0;
    for (const bucket of this.buckets.values()) size += bucket.size;
    return size;
  }

  /** Instants something is kept for. */
  get ticks(): number {
    return this.buckets.size;
  }

  at(atMs: number, run: () => void): WheelEntry {
    const slot: Slot = { atMs, run };
    // The end of the tick that holds the deadline, so that it is past when the tick is turned.
    const tick = Math.max(this.tickOf(atMs) + 1, this.nextTick);
    let bucket = this.buckets.get(tick);
    if (bucket === undefined) this.buckets.set(tick, (bucket = new Set()));
    bucket.add(slot);
    const home = bucket;
    return {
      cancel: () => {
        home.delete(slot);
        // Clients choose how far away a deadline is: an empty bucket must not wait for its time.
        if (home.size === 0 && this.buckets.get(tick) === home) this.buckets.delete(tick);
      },
    };
  }

  after(delayMs: number, run: () => void): WheelEntry {
    return this.at(this.clock() + delayMs, run);
  }

  start(): void {
    this.timer ??= setInterval(() => this.turn(), this.tickMs);
  }

  stop(): void {
    clearInterval(this.timer);
    this.timer = undefined;
  }

  /** Runs everything due; called by the timer, and by tests with their own clock. */
  turn(): void {
    const now = this.tickOf(this.clock());
    // After a long pause of the process it is cheaper to look at the buckets than at every tick that passed.
    const due =
      now - this.nextTick > this.buckets.size
        ? [...this.buckets.keys()].filter((tick) => tick <= now).sort((a, b) => a - b)
        : range(this.nextTick, now);
    this.nextTick = now + 1;
    for (const tick of due) {
      const bucket = this.buckets.get(tick);
      if (bucket === undefined) continue;
      this.buckets.delete(tick);
      for (const slot of bucket) slot.run();
    }
  }

  private tickOf(ms: number): number {
    return Math.floor(ms / this.tickMs);
  }
}

function range(from: number, to: number): number[] {
  return Array.from({ length: Math.max(0, to - from + 1) }, (_, index) => from + index);
}
