import type { LogOptions } from '../broker';

/** What tells one entry from another at the same offset. */
export interface SeenEntry {
  readonly routingKey: string;
  readonly messageId: string | undefined;
  readonly body: Buffer;
}

/**
 * - `take`: the next entry.
 * - `skip`: it was read before, or stands before the place asked for.
 * - `ask`: entries are missing before it; whether they were let go of depends on the oldest entry kept.
 * - `reset`: the log is another one.
 */
export type Judgement = 'take' | 'skip' | 'ask' | 'reset';

/**
 * A place in a stream, across subscriptions. RabbitMQ names no incarnation of a stream, so a subscription begins again
 * with the last entry that was read: if something else stands there, the stream was made anew and grew past it.
 *
 * Offsets may be missing although nothing was lost: every segment but the first begins with an entry of RabbitMQ's own.
 */
export class LogCursor {
  private last: { readonly offset: number; readonly entry: SeenEntry } | undefined;
  private comparing = false;

  constructor(private start: LogOptions['from']) {}

  /** Where a new subscription has to begin. */
  subscribe(): LogOptions['from'] {
    this.comparing = this.last !== undefined;
    return this.last?.offset ?? this.start;
  }

  judge(offset: number, entry: SeenEntry): Judgement {
    if (this.comparing) {
      const last = this.last!;
      if (offset < last.offset) return 'skip';
      if (offset > last.offset) return 'ask';
      this.comparing = false;
      return isSame(entry, last.entry) ? 'skip' : 'reset';
    }
    const position = this.position();
    if (position === undefined) return 'take';
    if (offset < position) return 'skip';
    return offset - position > 1 ? 'ask' : 'take';
  }

  /**
   * Answers an `ask`, knowing the oldest offset kept. Entries that were let go of are `missing`; a last entry that is
   * gone although older ones are kept means another log.
   */
  decide(oldest: number): 'reset' | { readonly missingFrom: number | undefined } {
    if (this.comparing) {
      if (oldest <= this.last!.offset) return 'reset';
      this.comparing = false;
    }
    const position = this.position();
    return { missingFrom: position !== undefined && oldest - position > 1 ? position : undefined };
  }

  take(offset: number, entry: SeenEntry): void {
    this.last = { offset, entry };
  }

  reset(): void {
    this.last = undefined;
    this.start = 'first';
    this.comparing = false;
  }

  private position(): number | undefined {
    if (this.last !== undefined) return this.last.offset + 1;
    return typeof this.start === 'number' ? this.start : undefined;
  }
}

function isSame(one: SeenEntry, other: SeenEntry): boolean {
  return (
    one.routingKey === other.routingKey && one.messageId === other.messageId && one.body.equals(other.body)
  );
}
