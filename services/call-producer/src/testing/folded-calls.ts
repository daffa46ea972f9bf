import type { ChannelState, EventDraft } from '@ringdown/contracts';

interface Folded {
  readonly callId: string;
  answered: boolean;
  onHold: boolean;
  slot: string | undefined;
  other: string | undefined;
}

/** What somebody believes who only hears the events: the least a registry does. Throws for events that contradict. */
export class FoldedCalls {
  readonly live = new Map<string, Folded>();
  readonly created = new Set<string>();
  readonly destroyed = new Map<string, Readonly<Record<string, unknown>>>();

  add({ family, name, body }: EventDraft): void {
    if (family !== 'call') return;
    const callId = String(body['call_id']);
    if (name === 'CHANNEL_CREATE') {
      if (this.created.has(callId)) throw new Error(`${callId} was created twice`);
      this.created.add(callId);
      this.live.set(callId, { callId, answered: false, onHold: false, slot: undefined, other: undefined });
      return;
    }
    if (this.destroyed.has(callId)) throw new Error(`${name} of ${callId}, which has ended`);
    const call = this.live.get(callId);
    if (call === undefined) throw new Error(`${name} of ${callId}, which was never created`);
    this.change(name, call, body);
  }

  /** The live channels in the form to compare with a source's. */
  view(): readonly unknown[] {
    return [...this.live.values()].map(comparable).sort(byId);
  }

  static viewOf(channels: readonly ChannelState[]): readonly unknown[] {
    return channels
      .map((channel) => ({
        callId: channel.call_id,
        answered: channel.answered,
        onHold: channel.on_hold,
        slot: channel.parking_slot,
        other: channel.other_leg_call_id,
      }))
      .map(comparable)
      .sort(byId);
  }

  private change(name: string, call: Folded, body: EventDraft['body']): void {
    switch (name) {
      case 'CHANNEL_ANSWER':
        if (call.answered) throw new Error(`${call.callId} was answered twice`);
        call.answered = true;
        return;
      case 'CHANNEL_HOLD':
      case 'CHANNEL_UNHOLD':
        if (call.onHold === (name === 'CHANNEL_HOLD')) throw new Error(`${name} of ${call.callId} again`);
        call.onHold = !call.onHold;
        return;
      case 'CHANNEL_BRIDGE': {
        const other = this.live.get(String(body['other_leg_call_id']));
        if (other === undefined) throw new Error(`${call.callId} is bridged to nothing`);
        if (!call.answered || !other.answered) throw new Error(`${call.callId} is bridged unanswered`);
        for (const leg of [call, other]) this.part(leg);
        call.other = other.callId;
        other.other = call.callId;
        return;
      }
      case 'PARK_PARKED':
        this.part(call);
        call.slot = String(body['parking_slot']);
        return;
      case 'PARK_RETRIEVED':
      case 'PARK_ABANDONED':
        if (call.slot === undefined) throw new Error(`${name} of ${call.callId}, which is not parked`);
        call.slot = undefined;
        return;
      case 'CHANNEL_DESTROY':
        this.part(call);
        this.live.delete(call.callId);
        this.destroyed.set(call.callId, body);
        return;
      default:
        throw new Error(`unknown event ${name}`);
    }
  }

  private part(call: Folded): void {
    const other = call.other === undefined ? undefined : this.live.get(call.other);
    if (other?.other === call.callId) other.other = undefined;
    call.other = undefined;
  }
}

function comparable({ callId, answered, onHold, slot, other }: Folded): Folded {
  return { callId, answered, onHold, slot, other };
}

function byId(a: Folded, b: Folded): number {
  return a.callId < b.callId ? -1 : 1;
}
