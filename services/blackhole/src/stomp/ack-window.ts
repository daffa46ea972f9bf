import type { StreamFilter } from '../core/stream-filter';
import type { AckMode } from './subscription';

/** Messages of one subscription that were sent and not acknowledged, in the order of delivery. */
export class AckWindow implements StreamFilter {
  readonly isOver = false;
  private readonly waiting = new Set<string>();

  constructor(
    private readonly mode: Exclude<AckMode, 'auto'>,
    private readonly capacity: number,
    /** What the client calls the message. */
    private readonly idOf: (sequence: number) => string,
    private readonly onFull: () => void,
  ) {}

  get size(): number {
    return this.waiting.size;
  }

  has(ackId: string): boolean {
    return this.waiting.has(ackId);
  }

  admit(_stream: object, _frame: Buffer, _messageId: string | undefined, sequence: number): boolean {
    if (this.waiting.size >= this.capacity) {
      this.onFull();
      return false;
    }
    this.waiting.add(this.idOf(sequence));
    return true;
  }

  /** Mode `client` settles everything before it, too. False: not waited for. */
  settle(ackId: string): boolean {
    if (!this.waiting.has(ackId)) return false;
    if (this.mode === 'client-individual') return this.waiting.delete(ackId);
    for (const id of this.waiting) {
      this.waiting.delete(id);
      if (id === ackId) break;
    }
    return true;
  }

  onNotice(): void {
    // Losses close the connection, so there is nothing to put in order.
  }

  onEnded(): void {
    this.waiting.clear();
  }
}
