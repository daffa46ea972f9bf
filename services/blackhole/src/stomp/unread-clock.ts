import type { Clock } from '@ringdown/core';
import type { IncomingEvent } from '@ringdown/contracts';

const MAX_CONVERSATIONS = 10_000;

interface Last {
  readonly sequence: number;
  readonly timeMs: number;
}

/**
 * Times of unread counts that grow with every count of a conversation, in the order of delivery: clients drop a count
 * whose time is not later than that of the one they have. The publisher's time is kept where it grows by itself and is
 * not in the future.
 */
export class UnreadClock {
  /** The least recently told first. */
  private readonly lasts = new Map<string, Last>();

  constructor(private readonly clock: Clock) {}

  /** The same for every frame of one event. */
  timeOf(event: IncomingEvent, sequence: number): number {
    const key = `${event.accountId ?? ''}\n${String(event.body['conversation_id'])}`;
    const last = this.lasts.get(key);
    if (last?.sequence === sequence) return last.timeMs;
    const given = typeof event.body['timestamp'] === 'string' ? Date.parse(event.body['timestamp']) : NaN;
    const said = Math.min(Number.isNaN(given) ? event.timestampMs : given, this.clock());
    const timeMs = last === undefined ? said : Math.max(said, last.timeMs + 1);
    this.lasts.delete(key);
    this.lasts.set(key, { sequence, timeMs });
    if (this.lasts.size > MAX_CONVERSATIONS) {
      for (const oldest of this.lasts.keys()) {
        this.lasts.delete(oldest);
        break;
      }
    }
    return timeMs;
  }
}
