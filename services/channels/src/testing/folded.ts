import type { ChannelState, WireMessage } from '@ringdown/contracts';
import { ChannelRegistry, type FoldOutcome } from '../domain/channel-registry';
import { ACCOUNT } from './entries';

/** A registry with a log of its own in front. */
export class Folded {
  readonly registry = new ChannelRegistry();
  private offset: number;

  constructor(from = 0) {
    this.offset = from;
  }

  static of(...messages: readonly WireMessage[]): Folded {
    const folded = new Folded();
    folded.read(...messages);
    return folded;
  }

  /** The outcome of the last one. */
  read(...messages: readonly WireMessage[]): FoldOutcome | 'rejected' | undefined {
    let outcome: FoldOutcome | 'rejected' | undefined;
    for (const message of messages) {
      outcome = this.registry.apply({ offset: this.offset, message }).outcome;
      this.offset += 1;
    }
    return outcome;
  }

  /** Every live channel, in order. */
  get states(): readonly ChannelState[] {
    return Array.from(
      this.registry.list(undefined, () => true),
      (channel) => channel.toState(),
    );
  }

  /** Ids of the live channels, in order. */
  get ids(): readonly string[] {
    return this.states.map((state) => state.call_id);
  }

  channel(callId = 'c1', accountId = ACCOUNT): ChannelState | undefined {
    return this.registry.get(accountId, callId)?.toState();
  }

  peerOf(callId: string): string | undefined {
    return this.channel(callId)?.other_leg_call_id;
  }
}
