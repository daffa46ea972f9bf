/** No entry moves the time of the log by more. */
const MAX_STEP_MS = 1_000;

/**
 * The time in the log, from the times its entries carry: never backwards, and hardly forwards for one entry alone, since a
 * publisher's clock may say anything.
 */
export class LogTime {
  private ms: number | undefined;

  /** Unix milliseconds; 0 before the first entry that has a time. */
  get nowMs(): number {
    return this.ms ?? 0;
  }

  advance(entryMs: number | undefined): void {
    if (entryMs === undefined) return;
    if (this.ms === undefined) this.ms = entryMs;
    else if (entryMs > this.ms) this.ms = Math.min(entryMs, this.ms + MAX_STEP_MS);
  }
}
