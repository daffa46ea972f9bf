/** How far back the ids of folded events are known. */
export const WINDOW_MS = 30_000;
/** Ids of one account in one generation; more shorten the window. */
const MAX_IDS = 20_000;
/** All accounts together. */
const EVERYTHING = '*';

export interface RecentEvents {
  readonly messageIds: readonly string[];
  /** Every event folded within so many milliseconds is among them. */
  readonly windowMs: number;
}

class Recent {
  current: string[] = [];
  previous: string[] = [];
  /** Ids up to here are forgotten. */
  forgottenMs = Number.NEGATIVE_INFINITY;

  constructor(public sinceMs: number) {}

  add(id: string, nowMs: number): void {
    if (this.current.length >= MAX_IDS || nowMs - this.sinceMs >= WINDOW_MS) this.turn(nowMs);
    this.current.push(id);
  }

  turn(nowMs: number): void {
    if (this.previous.length > 0) this.forgottenMs = this.sinceMs;
    this.previous = this.current;
    this.current = [];
    this.sinceMs = nowMs;
  }
}

/**
 * Message ids of the events folded in the last {@link WINDOW_MS}, by account. Aged by when this replica folded them: what
 * is listed is contained, and nobody waits longer for an event that others heard.
 */
export class RecentIds {
  private byAccount = new Map<string, Recent>();

  add(accountId: string, messageId: string, nowMs: number): void {
    this.addTo(accountId, messageId, nowMs);
    this.addTo(EVERYTHING, messageId, nowMs);
  }

  /** Of an account, or of all (`*`). */
  of(accountId: string, nowMs: number): RecentEvents {
    const recent = this.byAccount.get(accountId);
    if (recent === undefined) return { messageIds: [], windowMs: WINDOW_MS };
    return {
      messageIds: [...recent.previous, ...recent.current],
      windowMs: Math.max(0, Math.min(WINDOW_MS, nowMs - recent.forgottenMs)),
    };
  }

  /** Lets go of accounts that have become quiet. */
  sweep(nowMs: number): void {
    for (const [accountId, recent] of this.byAccount) {
      if (nowMs - recent.sinceMs < WINDOW_MS) continue;
      recent.turn(nowMs);
      if (recent.previous.length === 0) this.byAccount.delete(accountId);
    }
  }

  clear(): void {
    this.byAccount = new Map();
  }

  private addTo(key: string, messageId: string, nowMs: number): void {
    let recent = this.byAccount.get(key);
    if (recent === undefined) this.byAccount.set(key, (recent = new Recent(nowMs)));
    recent.add(messageId, nowMs);
  }
}
