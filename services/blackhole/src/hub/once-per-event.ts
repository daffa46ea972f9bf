import type { StreamFilter } from '../core/stream-filter';

/** In front of all streams of one socket: an event that several of its event types mean comes once. */
export class OncePerEvent implements StreamFilter {
  readonly isOver = false;
  private lastSequence = 0;

  admit(_stream: object, _frame: Buffer, _messageId: string | undefined, sequence: number): boolean {
    if (sequence === this.lastSequence) return false;
    this.lastSequence = sequence;
    return true;
  }

  onNotice(): void {
    // Nothing waits here that a notice could overtake.
  }

  onEnded(): void {
    // It has nothing to give back.
  }
}
