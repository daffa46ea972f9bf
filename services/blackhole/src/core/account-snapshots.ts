import type { ChannelState } from '@ringdown/contracts';

/** The live channels of an account at one moment, with what is needed to go on from there. */
export interface AccountSnapshot {
  readonly channels: readonly ChannelState[];
  /** Of the event log. */
  readonly offset: number;
  /** Message ids of the events of the last `windowMs` that are in it. */
  readonly contained: ReadonlySet<string>;
  readonly windowMs: number;
}

/** Where snapshots come from. Everything confirmed to its publisher before the call is contained. */
export type SnapshotSource = (accountId: string) => Promise<AccountSnapshot>;

interface Line {
  running: Promise<AccountSnapshot>;
  next: Promise<AccountSnapshot> | undefined;
}

/**
 * One question under way per account, whoever asks: those who come meanwhile share the next, because the one under way may
 * have looked before they came. A wave of clients that reconnect costs the registry two answers.
 */
export class AccountSnapshots {
  private readonly lines = new Map<string, Line>();

  constructor(private readonly source: SnapshotSource) {}

  /** Of a moment after the call. */
  take(accountId: string): Promise<AccountSnapshot> {
    const line = this.lines.get(accountId);
    if (line !== undefined) {
      return (line.next ??= line.running.then(ignore, ignore).then(() => this.ask(accountId)));
    }
    return this.ask(accountId);
  }

  private ask(accountId: string): Promise<AccountSnapshot> {
    const line: Line = { running: this.source(accountId), next: undefined };
    this.lines.set(accountId, line);
    const done = (): void => {
      if (line.next === undefined) this.lines.delete(accountId);
    };
    line.running.then(done, done);
    return line.running;
  }
}

function ignore(): void {
  // Its outcome is for those who asked for it.
}
