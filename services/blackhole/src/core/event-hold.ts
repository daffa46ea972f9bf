import { AppError, deferred, type Clock } from '@ringdown/core';
import type { WheelEntry } from './deadline-wheel';
import { RepeatFilter } from './repeat-filter';
import type { Session } from './session';
import type { StreamFilter } from './stream-filter';

export interface HoldLimits {
  readonly maxEvents: number;
  readonly maxBytes: number;
}

/** What became of a snapshot: which events are in it, and for how long such events may still arrive. */
export interface HoldEnd {
  readonly contained: ReadonlySet<string>;
  readonly windowMs: number;
}

export interface HoldOptions {
  readonly limits: HoldLimits;
  readonly clock: Clock;
  readonly after: (delayMs: number, run: () => void) => WheelEntry;
}

interface HeldFrame {
  /** Undefined: a notice to all. */
  readonly stream: object | undefined;
  readonly frame: Buffer;
  readonly messageId: string | undefined;
  readonly sequence: number;
}

interface HeldStream {
  readonly before: StreamFilter | undefined;
  /** Takes the session off a stream that began with this hold; undefined: it was subscribed before. */
  readonly leave: (() => void) | undefined;
}

/**
 * Keeps the events of some streams of one session back, in their order, while a snapshot is made. Frames are the shared
 * ones: only references wait here, and nobody else's delivery does.
 *
 * `holding` ends in one of two ways: `settle`, then `release` right behind the answer, or `giveUp`, by itself when too
 * much is held or a stream ends, after which everything is as if it had never been.
 */
export class EventHold implements StreamFilter {
  private readonly streams = new Map<object, HeldStream>();
  private readonly failure = deferred<never>();
  private held: HeldFrame[] = [];
  private heldBytes = 0;
  private state: 'holding' | 'settled' | 'over' = 'holding';

  constructor(
    private readonly session: Session,
    private readonly options: HoldOptions,
  ) {
    // Whoever waits for it may be through already.
    this.failure.promise.catch(() => undefined);
  }

  /** Rejects when it gave up by itself. */
  get failed(): Promise<never> {
    return this.failure.promise;
  }

  get isOver(): boolean {
    return this.state === 'over';
  }

  /** From now on events of the stream wait. */
  begin(stream: object, leave: (() => void) | undefined): void {
    if (this.streams.has(stream)) return;
    const before = this.session.filterOf(stream);
    if (before instanceof EventHold) throw unavailable('another snapshot of it is under way');
    this.streams.set(stream, { before, leave });
    this.session.setFilter(stream, this);
  }

  admit(stream: object, frame: Buffer, messageId: string | undefined, sequence: number): boolean {
    this.held.push({ stream, frame, messageId, sequence });
    this.heldBytes += frame.length;
    const { maxEvents, maxBytes } = this.options.limits;
    if (this.state === 'holding' && (this.held.length > maxEvents || this.heldBytes > maxBytes)) {
      this.fail('too many events while the snapshot was made');
    }
    return false;
  }

  onNotice(frame: Buffer): void {
    this.held.push({ stream: undefined, frame, messageId: undefined, sequence: 0 });
    this.heldBytes += frame.length;
  }

  onEnded(stream: object): void {
    const entry = this.streams.get(stream);
    this.streams.delete(stream);
    entry?.before?.onEnded(stream);
    if (this.state !== 'over') entry?.leave?.();
    if (this.state === 'holding') this.fail('a subscription ended while the snapshot was made');
  }

  /** The last moment at which it can fail: throws when it gave up. After it, `release` must follow. */
  settle(): void {
    if (this.state !== 'holding') throw unavailable('the hold has ended');
    this.state = 'settled';
  }

  /** Passes on what the snapshot did not contain, then everything that comes. Returns the number of events passed on. */
  release({ contained, windowMs }: HoldEnd): number {
    if (this.state === 'over') return 0;
    this.state = 'over';
    const streams = [...this.streams.keys()];
    for (const [stream, { before }] of this.streams) {
      before?.onEnded(stream);
      this.session.setFilter(stream, undefined);
    }
    if (contained.size > 0 && streams.length > 0) {
      new RepeatFilter(this.session, streams, contained).endsAfter(windowMs, this.options.after);
    }
    return this.passOn(({ messageId }) => messageId === undefined || !contained.has(messageId));
  }

  /** As if it had never been: what came for earlier subscriptions is passed on, others are left. Idempotent. */
  giveUp(): void {
    if (this.state === 'over') return;
    this.state = 'over';
    for (const [stream, { before, leave }] of this.streams) {
      this.session.setFilter(stream, before?.isOver === false ? before : undefined);
      leave?.();
    }
    this.passOn(({ stream, frame, messageId, sequence }) => {
      const entry = this.streams.get(stream!)!;
      return entry.leave === undefined && entry.before?.admit(stream!, frame, messageId, sequence) !== false;
    }, 'without notices');
  }

  private fail(reason: string): void {
    this.giveUp();
    this.failure.reject(unavailable(reason));
  }

  private passOn(wanted: (held: HeldFrame) => boolean, notices?: 'without notices'): number {
    const { held } = this;
    this.held = [];
    const now = this.options.clock();
    let passed = 0;
    for (const each of held) {
      if (each.stream === undefined) {
        // Whoever had subscriptions has been told already; then nothing but events was held up.
        if (notices === undefined) this.session.notify(each.frame);
      } else if (this.streams.has(each.stream) && wanted(each) && this.session.write(each.frame, now)) {
        passed += 1;
      }
    }
    return passed;
  }
}

/** The one answer to whatever is over when asked again. */
export function unavailable(reason: string, cause?: unknown): AppError {
  return new AppError('unavailable', 'snapshot unavailable, try again', {
    details: { reason },
    ...(cause === undefined ? {} : { cause }),
  });
}
