import type { Clock } from '@ringdown/core';
import type { WireMessage } from '@ringdown/contracts';
import type { LogHandlers, LogOptions } from '../broker';
import type { JournalLimits } from '../shared/topology';
import type { TransportLog } from '../shared/transport';

/** Memory, where RabbitMQ has a disk. */
const MAX_BYTES = 16 * 1024 * 1024;
/** Properties and bookkeeping, roughly. */
const OVERHEAD_BYTES = 256;
const DEFAULT_PER_TURN = 500;

interface Kept {
  readonly message: WireMessage;
  readonly bytes: number;
  readonly writtenAtMs: number;
}

/** The event log of one exchange: the newest messages, in memory, bounded by age and size. */
export class EmbeddedLog {
  private kept: (Kept | undefined)[] = [];
  /** Where the oldest entry stands in `kept`; what is before it has been let go. */
  private head = 0;
  private oldest = 0;
  private bytes = 0;
  private readonly maxBytes: number;
  private readonly readers = new Set<() => void>();

  constructor(
    private readonly limits: JournalLimits,
    private readonly clock: Clock,
  ) {
    this.maxBytes = Math.min(limits.maxBytes, MAX_BYTES);
  }

  /** The offset the next message gets. */
  get end(): number {
    return this.oldest + this.kept.length - this.head;
  }

  /** The offset of the oldest message kept, or of the next one when there is none. */
  get start(): number {
    this.trim();
    return this.oldest;
  }

  append(message: WireMessage): void {
    const bytes = message.body.length + OVERHEAD_BYTES;
    this.kept.push({ message: copyOf(message), bytes, writtenAtMs: this.clock() });
    this.bytes += bytes;
    this.trim();
    for (const wake of this.readers) wake();
  }

  /** Every reader has bytes of its own. */
  read(offset: number): WireMessage | undefined {
    const entry = this.kept[this.head + offset - this.oldest];
    return entry === undefined ? undefined : copyOf(entry.message);
  }

  /** `wake` is called after every append. Returns the function that ends it. */
  follow(wake: () => void): () => void {
    this.readers.add(wake);
    return () => void this.readers.delete(wake);
  }

  private trim(): void {
    const expiredMs = this.clock() - this.limits.maxAgeS * 1_000;
    for (;;) {
      const entry = this.kept[this.head];
      if (entry === undefined) break;
      // The newest stays, however large.
      const tooMuch = this.bytes > this.maxBytes && this.head < this.kept.length - 1;
      if (!tooMuch && entry.writtenAtMs >= expiredMs) break;
      this.kept[this.head] = undefined;
      this.head += 1;
      this.oldest += 1;
      this.bytes -= entry.bytes;
    }
    if (this.head > 1_024 && this.head * 2 > this.kept.length) {
      this.kept = this.kept.slice(this.head);
      this.head = 0;
    }
  }
}

/** Reads a log at its own pace, a bounded number of entries in each turn of the event loop. */
export class EmbeddedLogReader implements TransportLog {
  private cursor: number;
  private readonly unfollow: () => void;
  private scheduled = false;
  private closed = false;

  constructor(
    private readonly log: EmbeddedLog,
    private readonly options: LogOptions,
    private readonly handlers: LogHandlers,
  ) {
    const { from } = options;
    this.cursor = from === 'first' ? log.start : from === 'next' ? log.end : from;
    this.unfollow = log.follow(() => this.schedule());
    this.schedule();
  }

  async firstOffset(): Promise<number | undefined> {
    const { start } = this.log;
    return start < this.log.end ? start : undefined;
  }

  async close(): Promise<void> {
    this.closed = true;
    this.unfollow();
  }

  private schedule(): void {
    if (this.scheduled || this.closed) return;
    this.scheduled = true;
    setImmediate(() => {
      this.scheduled = false;
      this.readOn();
    });
  }

  private readOn(): void {
    const { log, handlers } = this;
    if (this.cursor > log.end) {
      this.cursor = log.start;
      handlers.onReset();
    }
    const perTurn = this.options.prefetch ?? DEFAULT_PER_TURN;
    for (let count = 0; count < perTurn && !this.closed; count += 1) {
      const { start } = log;
      if (this.cursor < start) {
        const from = this.cursor;
        this.cursor = start;
        handlers.onTruncated(from, start);
      }
      const offset = this.cursor;
      const message = log.read(offset);
      if (message === undefined) return;
      this.cursor += 1;
      handlers.onEntry({ offset, message });
    }
    this.schedule();
  }
}

function copyOf(message: WireMessage): WireMessage {
  return { ...message, body: Buffer.from(message.body), headers: { ...message.headers } };
}
