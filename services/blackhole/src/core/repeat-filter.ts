import type { WheelEntry } from './deadline-wheel';
import type { Session } from './session';
import type { StreamFilter } from './stream-filter';

/**
 * Drops the events that a snapshot contained and that arrive only now. Ends when they are so old that none can be on its
 * way any more, or with the last of its streams.
 */
export class RepeatFilter implements StreamFilter {
  private readonly streams: Set<object>;
  private timer: WheelEntry | undefined;
  private over = false;

  /** Takes its place in front of the streams. `contained` may be shared with others. */
  constructor(
    private readonly session: Session,
    streams: Iterable<object>,
    private readonly contained: ReadonlySet<string>,
  ) {
    this.streams = new Set(streams);
    for (const stream of this.streams) session.setFilter(stream, this);
  }

  endsAfter(delayMs: number, after: (delayMs: number, run: () => void) => WheelEntry): void {
    this.timer = after(delayMs, () => this.end());
  }

  get isOver(): boolean {
    return this.over;
  }

  admit(_stream: object, _frame: Buffer, messageId: string | undefined): boolean {
    return messageId === undefined || !this.contained.has(messageId);
  }

  onNotice(): void {
    // Nothing waits here that a notice could overtake.
  }

  onEnded(stream: object): void {
    this.streams.delete(stream);
    if (this.streams.size > 0) return;
    this.over = true;
    this.timer?.cancel();
  }

  private end(): void {
    this.over = true;
    for (const stream of this.streams) {
      if (this.session.filterOf(stream) === this) this.session.setFilter(stream, undefined);
    }
  }
}
