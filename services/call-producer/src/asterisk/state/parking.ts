import type { CallEventName } from '@ringdown/contracts';
import type { AmiMessage } from '../ami/ami-message';
import { withoutUndefined } from '../../domain/recovered';
import type { Leg } from './leg';
import { partiesOf } from './leg-facts';

/** What parking, conferences and faxes need of the legs. */
export interface LegBook {
  realLeg(uniqueid: string): Leg | undefined;
  say(name: CallEventName, leg: Leg, more?: Readonly<Record<string, unknown>>): void;
  forgetPartner(leg: Leg): void;
  announce(leg: Leg): void;
}

/**
 * Parked calls. The lot holds channels in a bridge of its own kind, so nothing of it is mistaken for a conversation.
 * A channel that swaps places with a parked one (a Local pair that optimises itself away) takes over its slot.
 */
export class Parking {
  /** By lot and slot. */
  private readonly slots = new Map<string, Leg>();

  constructor(private readonly book: LegBook) {}

  /** True when the message was about parking. */
  apply(message: AmiMessage): boolean {
    switch (message.event) {
      case 'ParkedCall':
      case 'ParkedCallSwap':
        this.park(message);
        return true;
      case 'UnParkedCall':
        this.unpark(message, { ...this.retrieverOf(message) });
        return true;
      case 'ParkedCallTimeOut':
        this.unpark(message, { reason: 'timeout' });
        return true;
      case 'ParkedCallGiveUp':
        this.giveUp(message);
        return true;
      default:
        return false;
    }
  }

  park(message: AmiMessage, more: Readonly<Record<string, unknown>> = {}): Leg | undefined {
    const leg = this.book.realLeg(message.get('ParkeeUniqueid'));
    const slot = message.text('ParkingSpace')?.slice(0, 32);
    if (leg === undefined || slot === undefined) return undefined;
    const place = placeOf(message);
    const before = this.slots.get(place);
    this.slots.set(place, leg);
    if (leg.slot === slot && (before === undefined || before === leg)) return leg;
    if (before !== undefined && before !== leg) {
      before.slot = undefined;
      this.book.say('PARK_RETRIEVED', before, { parking_slot: slot, replaced_by: leg.callId, ...more });
    }
    leg.slot = slot;
    this.book.forgetPartner(leg);
    this.book.say('PARK_PARKED', leg, { parking_slot: slot, ...more });
    return leg;
  }

  /** Out of the lot without a word of who fetched it. */
  release(leg: Leg, more: Readonly<Record<string, unknown>>): void {
    const { slot } = leg;
    if (slot === undefined) return;
    this.forget(leg);
    this.book.say('PARK_RETRIEVED', leg, { parking_slot: slot, ...more });
  }

  /** The channel ended: nobody waits in its slot any more. */
  end(leg: Leg): void {
    this.forget(leg);
  }

  private unpark(message: AmiMessage, more: Readonly<Record<string, unknown>>): void {
    const leg = this.book.realLeg(message.get('ParkeeUniqueid'));
    if (leg?.slot === undefined) return;
    this.release(leg, more);
  }

  private giveUp(message: AmiMessage): void {
    const leg = this.book.realLeg(message.get('ParkeeUniqueid'));
    const slot = leg?.slot;
    if (leg === undefined || slot === undefined) return;
    this.forget(leg);
    this.book.say('PARK_ABANDONED', leg, { parking_slot: slot });
  }

  private retrieverOf(message: AmiMessage): Record<string, unknown> {
    const retriever = this.book.realLeg(message.get('RetrieverUniqueid'));
    if (retriever === undefined) return {};
    const [caller] = partiesOf(retriever);
    return withoutUndefined({
      other_leg_call_id: retriever.callId,
      callee_id_name: caller.name,
      callee_id_number: caller.number,
    });
  }

  private forget(leg: Leg): void {
    leg.slot = undefined;
    for (const [place, parked] of this.slots) if (parked === leg) this.slots.delete(place);
  }
}

function placeOf(message: AmiMessage): string {
  return `${message.get('Parkinglot')}/${message.get('ParkingSpace')}`;
}
