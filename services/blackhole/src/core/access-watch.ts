import type { PrincipalDirectory } from '@ringdown/auth';

/**
 * Notices that events flow while changes of rights may have been missed: the broker is back, for example, but whoever
 * keeps the revocations is not. Time counts from the first event, because without events there is nothing to hold back,
 * and an ordinary reconnect is over before anything has to be.
 */
export class AccessWatch {
  private unsureSinceMs: number | undefined;
  private told = false;
  private listener: () => void = () => undefined;

  constructor(
    private readonly directory: Pick<PrincipalDirectory, 'ready'>,
    private readonly patienceMs: number,
  ) {}

  /** Called once for each time in which it stays unknown for longer than the patience. */
  onUnsure(listener: () => void): void {
    this.listener = listener;
  }

  /** An event is about to be delivered. */
  beforeDelivery(nowMs: number): void {
    if (this.directory.ready) {
      this.unsureSinceMs = undefined;
      this.told = false;
      return;
    }
    this.unsureSinceMs ??= nowMs;
    if (this.told || nowMs - this.unsureSinceMs < this.patienceMs) return;
    this.told = true;
    this.listener();
  }
}
