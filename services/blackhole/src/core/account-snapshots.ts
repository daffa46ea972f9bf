import type { ChannelState } from '@ringdown/contracts';
import { SharedQuestions } from './shared-questions';

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

/** Snapshots for many who ask at once: a wave of clients that reconnect costs the registry two answers per account. */
export class AccountSnapshots {
  private readonly questions = new SharedQuestions<AccountSnapshot>();

  constructor(private readonly source: SnapshotSource) {}

  /** Of a moment after the call. */
  take(accountId: string): Promise<AccountSnapshot> {
    return this.questions.ask(accountId, () => this.source(accountId));
  }
}
