/**
 * Turns a burst of overflow signals into one report: the first starts a window, the report at its end names the
 * earliest moment from which messages may be missing.
 */
export class GapNotice {
  private timer: NodeJS.Timeout | undefined;
  private earliestMs = Infinity;

  constructor(
    private readonly windowMs: number,
    private readonly report: (sinceMs: number) => void,
  ) {}

  note(sinceMs: number): void {
    this.earliestMs = Math.min(this.earliestMs, sinceMs);
    this.timer ??= setTimeout(() => {
      const since = this.earliestMs;
      this.clear();
      this.report(since);
    }, this.windowMs);
  }

  clear(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.earliestMs = Infinity;
  }
}

export const OVERFLOW_WINDOW_MS = 200;
