import type { ConferenceEventKind, ConferenceState, EventDraft } from '@ringdown/contracts';
import type { Clock } from '@ringdown/core';
import { conferenceEvent, type ConferenceMember } from '../../domain/conference-event';
import type { AmiMessage } from '../ami/ami-message';
import type { Leg } from './leg';
import { customVarsOf, partiesOf } from './leg-facts';
import type { LegBook } from './parking';

export interface Member {
  readonly participantId: number;
  readonly leg: Leg;
  /** Of the channel in the room; a Local half where the party sits behind a pair. */
  readonly uniqueid: string;
  readonly channel: string;
  readonly moderator: boolean;
  muted: boolean;
  talking: boolean;
}

/** One run of a conference. */
export interface Room {
  readonly id: string;
  readonly instanceId: string;
  /** Of the first who joined. */
  accountId: string | undefined;
  announced: boolean;
  locked: boolean;
  nextParticipant: number;
  /** By Uniqueid. */
  readonly members: Map<string, Member>;
}

interface ConferenceParts {
  readonly switchId: string;
  readonly emit: (draft: EventDraft) => void;
  readonly clock: Clock;
}

export interface JoinOptions {
  /** Of the room, where the message does not name it. */
  readonly instanceId?: string | undefined;
  /** The former producer of this switch has told it already. */
  readonly silent?: boolean;
  readonly more?: Readonly<Record<string, unknown>>;
}

type Facts = Readonly<Record<string, unknown>>;

/**
 * The ConfBridge conferences of the switch. A conference is named by whoever dials it, so it belongs to the account of its
 * first member. The switch has no event for lock and unlock: those come from our own commands and from its lists.
 */
export class Conferences {
  private readonly rooms = new Map<string, Room>();

  constructor(
    private readonly book: LegBook,
    private readonly parts: ConferenceParts,
  ) {}

  /** True when the message was about a conference. */
  apply(message: AmiMessage): boolean {
    const { event } = message;
    if (!event.startsWith('Confbridge')) return false;
    const room = this.rooms.get(message.get('Conference'));
    const member = room?.members.get(message.get('Uniqueid'));
    if (event === 'ConfbridgeStart') this.open(message.get('Conference'), message.get('BridgeUniqueid'));
    else if (event === 'ConfbridgeJoin') this.join(message);
    else if (room === undefined) return true;
    else if (event === 'ConfbridgeEnd') this.close(room);
    else if (member === undefined) return true;
    else if (event === 'ConfbridgeLeave') this.leave(room, member);
    else if (event === 'ConfbridgeMute') this.setMuted(room, member, true);
    else if (event === 'ConfbridgeUnmute') this.setMuted(room, member, false);
    else if (event === 'ConfbridgeTalking')
      this.setTalking(room, member, message.get('TalkingStatus') === 'on');
    return true;
  }

  list(): readonly Room[] {
    return [...this.rooms.values()];
  }

  /** One with somebody in it, of this account: names of conferences are shared by all accounts of a switch. */
  find(accountId: string, conferenceId: string): Room | undefined {
    const room = this.rooms.get(conferenceId);
    return room?.accountId === accountId && room.members.size > 0 ? room : undefined;
  }

  stateOf(room: Room): ConferenceState {
    return {
      conference_id: room.id,
      switch: this.parts.switchId,
      locked: room.locked,
      participants: [...room.members.values()].map(({ participantId, leg, muted }) => ({
        participant_id: participantId,
        call_id: leg.callId,
        muted,
      })),
    };
  }

  setLocked(room: Room, locked: boolean, more: Facts = {}): void {
    if (room.locked === locked) return;
    room.locked = locked;
    this.say(room, locked ? 'lock' : 'unlock', undefined, more);
  }

  setMuted(room: Room, member: Member, muted: boolean, more: Facts = {}): void {
    if (member.muted === muted) return;
    member.muted = muted;
    this.say(room, muted ? 'mute-member' : 'unmute-member', member, more);
  }

  open(id: string, instanceId: string): Room | undefined {
    if (id === '' || id.length > 128) return undefined;
    const known = this.rooms.get(id);
    if (known !== undefined && (known.instanceId === instanceId || instanceId === '')) return known;
    if (known !== undefined) this.close(known);
    const room: Room = {
      id,
      instanceId,
      accountId: undefined,
      announced: false,
      locked: false,
      nextParticipant: 1,
      members: new Map(),
    };
    this.rooms.set(id, room);
    return room;
  }

  /** From an event or a list. */
  join(message: AmiMessage, options: JoinOptions = {}): void {
    const uniqueid = message.get('Uniqueid');
    const leg = this.book.realLeg(uniqueid);
    const room = this.open(message.get('Conference'), options.instanceId ?? message.get('BridgeUniqueid'));
    if (leg === undefined || room === undefined || room.members.has(uniqueid)) return;
    const member: Member = {
      participantId: room.nextParticipant++,
      leg,
      uniqueid,
      channel: message.get('Channel'),
      moderator: message.get('Admin') === 'Yes',
      muted: message.get('Muted') === 'Yes',
      talking: false,
    };
    room.members.set(uniqueid, member);
    this.book.forgetPartner(leg);
    this.book.announce(leg);
    room.accountId ??= leg.identity.accountId;
    if (!room.announced) {
      room.announced = true;
      if (options.silent !== true) this.say(room, 'conference-create', undefined, options.more);
    }
    if (options.silent !== true) this.say(room, 'add-member', member, options.more);
  }

  leave(room: Room, member: Member, more: Facts = {}): void {
    this.setTalking(room, member, false);
    room.members.delete(member.uniqueid);
    this.say(room, 'del-member', member, more);
  }

  close(room: Room, more: Facts = {}): void {
    for (const member of [...room.members.values()]) this.leave(room, member, more);
    this.rooms.delete(room.id);
    if (room.announced) this.say(room, 'conference-destroy', undefined, more);
  }

  /** The channel ended; usually it left before. */
  end(leg: Leg): void {
    for (const room of this.rooms.values()) {
      const member = room.members.get(leg.uniqueid);
      if (member !== undefined) this.leave(room, member);
    }
  }

  private setTalking(room: Room, member: Member, talking: boolean): void {
    if (member.talking === talking) return;
    member.talking = talking;
    this.say(room, talking ? 'start-talking' : 'stop-talking', member);
  }

  private say(room: Room, kind: ConferenceEventKind, member?: Member, more: Facts = {}): void {
    const nowMs = this.parts.clock();
    this.parts.emit(conferenceEvent({ kind, run: room, member: member && factsOf(member), nowMs, more }));
  }
}

function factsOf(member: Member): ConferenceMember {
  const { leg, participantId, muted, talking, moderator } = member;
  const [caller, callee] = partiesOf(leg);
  // The party in the room is the far end of the leg, whoever called whom.
  const { name, number } = leg.direction === 'inbound' ? caller : callee;
  const { presenceId } = leg.identity;
  const customVars = customVarsOf(leg);
  return {
    callId: leg.callId,
    participantId,
    name,
    number,
    presenceId,
    customVars,
    moderator,
    muted,
    talking,
  };
}
