import type { ChannelState } from '@ringdown/contracts';
import { boundedCallId, boundedText } from './bounded';
import type { CallEvent } from './call-event';
import type { Authority } from './authority';
import type { Interner } from './interner';
import type { Leg } from './legs';
import { NEVER, isLater, type Stamp } from './stamp';
import { Told } from './told';

/** How sure the time of creation is. */
const SEEN = 0;
const ANNOUNCED = 1;
const TOLD = 2;

/**
 * One live channel. Everything here is a register that ends up the same in whatever order the events come: the latest
 * event wins (hold, parking, leg, what was told), the earliest does (creation, answer), or it never goes back (answered).
 */
export class Channel {
  /** Gregorian seconds; changed only by the registry, which orders by it. */
  created = 0;
  /** When the owner named the account. */
  accountAt = NEVER;
  /** Offset of the last log entry that told of it. */
  lastOffset: number;

  private readonly told = new Told();
  private createdBy = -1;
  private answered = false;
  private answeredAt: number | undefined;
  private onHold = false;
  private heldAt = NEVER;
  private slot: string | undefined;
  private slotAt = NEVER;

  constructor(
    readonly authority: Authority,
    /** Changed only by the registry, which finds by it. Empty: of no account. */
    public accountId: string,
    readonly callId: string,
    /** The channel's part of {@link Legs}. */
    readonly leg: Leg,
    offset: number,
  ) {
    this.lastOffset = offset;
  }

  get switchId(): string | undefined {
    return this.authority.switchId;
  }

  get ownerId(): string | undefined {
    return this.told.ownerId;
  }

  get deviceId(): string | undefined {
    return this.told.deviceId;
  }

  /** The time of creation after this event. */
  creationAfter(event: CallEvent): number {
    const [by, seconds] = creationIn(event);
    if (by !== this.createdBy) return by > this.createdBy ? seconds : this.created;
    return Math.min(this.created, seconds);
  }

  /** Everything but the leg. */
  apply(event: CallEvent, interner: Interner): void {
    const { stamp } = event;
    this.createdBy = Math.max(this.createdBy, creationIn(event)[0]);
    this.told.addEvent(event.body, stamp, interner);
    if (impliesAnswer(event)) this.answered = true;
    switch (event.name) {
      case 'CHANNEL_ANSWER':
        this.answeredAt = Math.min(this.answeredAt ?? event.seconds, event.seconds);
        break;
      case 'CHANNEL_HOLD':
      case 'CHANNEL_UNHOLD':
        if (!isLater(stamp, this.heldAt)) break;
        this.heldAt = stamp;
        this.onHold = event.name === 'CHANNEL_HOLD';
        break;
      case 'PARK_PARKED':
      case 'PARK_RETRIEVED':
      case 'PARK_ABANDONED':
        if (!isLater(stamp, this.slotAt)) break;
        this.slotAt = stamp;
        this.slot = event.name === 'PARK_PARKED' ? boundedText(event.body['parking_slot']) : undefined;
        break;
      default:
    }
  }

  /** Takes over what a snapshot says, in place of all that was believed before. */
  restore(state: ChannelState, stamp: Stamp, interner: Interner): void {
    this.accountAt = stamp;
    this.createdBy = TOLD;
    this.told.replaceBy(state, stamp, interner);
    this.answered = state.answered;
    this.answeredAt = typeof state.answered_at === 'number' ? state.answered_at : undefined;
    this.onHold = state.on_hold;
    this.heldAt = stamp;
    this.slot = boundedText(state.parking_slot);
    this.slotAt = stamp;
    this.leg.stamp = stamp;
    this.leg.peer = boundedCallId(state.other_leg_call_id);
  }

  toState(): ChannelState {
    const state: Record<string, unknown> = { call_id: this.callId };
    if (this.accountId !== '') state['account_id'] = this.accountId;
    if (this.switchId !== undefined) state['switch'] = this.switchId;
    state['answered'] = this.answered;
    state['on_hold'] = this.onHold;
    state['created'] = this.created;
    if (this.answeredAt !== undefined) state['answered_at'] = this.answeredAt;
    if (this.leg.peer !== undefined) state['other_leg_call_id'] = this.leg.peer;
    // A leg connected after it was parked was fetched, also when nobody said so.
    if (this.slot !== undefined && !isLater(this.leg.stamp, this.slotAt)) state['parking_slot'] = this.slot;
    this.told.writeTo(state);
    return state as unknown as ChannelState;
  }
}

function creationIn(event: CallEvent): readonly [by: number, seconds: number] {
  if (event.createdSeconds !== undefined) return [TOLD, event.createdSeconds];
  return [event.name === 'CHANNEL_CREATE' ? ANNOUNCED : SEEN, event.seconds];
}

/** Only an answered call can be held or parked; two legs may talk before the answer, but then the event says so. */
function impliesAnswer({ name, body }: CallEvent): boolean {
  const state = body['channel_answer_state'];
  if (name === 'CHANNEL_ANSWER' || state === 'answered') return true;
  if (name === 'CHANNEL_CREATE' || name === 'PARK_ABANDONED') return false;
  return state === undefined || state === null || state === '';
}

/** Oldest first; equal ages by call id, then by account. */
export function compareAges(
  a: Pick<Channel, 'created' | 'callId' | 'accountId'>,
  b: Pick<Channel, 'created' | 'callId' | 'accountId'>,
): number {
  return a.created - b.created || order(a.callId, b.callId) || order(a.accountId, b.accountId);
}

function order(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
