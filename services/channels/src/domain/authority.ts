import type { ChannelState } from '@ringdown/contracts';
import type { Channel } from './channel';
import type { Stamp } from './stamp';

/** Parts of a snapshot that is not complete yet. */
export interface PendingSnapshot {
  readonly snapshotId: string;
  readonly holder: string;
  readonly parts: number;
  readonly takenAt: number;
  /** Of the first part. */
  readonly offset: number;
  readonly messageId: string;
  readonly channels: ChannelState[];
  /** Number of the part that must come next. */
  next: number;
}

/**
 * Whose word counts about a channel: a switch's producer for the calls of the switch, or, for calls nobody owns, everyone
 * who publishes for the account. Within one of them a call id means one channel.
 */
export class Authority {
  readonly channels = new Map<string, Channel>();
  /** The snapshot applied last. */
  holder: string | undefined;
  /** What is older than this is contained in that snapshot. */
  contained: Stamp | undefined;
  pending: PendingSnapshot | undefined;
  lastOffset = 0;

  private constructor(
    /** Undefined: of an account. */
    readonly switchId: string | undefined,
    private readonly prefix: string,
  ) {}

  static ofSwitch(switchId: string): Authority {
    return new Authority(switchId, switchId);
  }

  static ofAccount(accountId: string): Authority {
    return new Authority(undefined, accountId);
  }

  /** Unique among those of the same sort. */
  keyOf(callId: string): string {
    return `${this.prefix}\u0000${callId}`;
  }
}
