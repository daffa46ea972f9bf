import {
  conferenceCommandRoutingKey,
  type ConferenceEventKind,
  type ConferenceState,
  type EventDraft,
} from '@ringdown/contracts';
import { randomHex, toGregorianSeconds, type Clock } from '@ringdown/core';
import { conferenceEvent, type ConferenceMember } from '../domain/conference-event';
import { withoutUndefined } from '../domain/recovered';
import type { SimulatedChannel } from './channel';

export interface Member {
  readonly participantId: number;
  readonly channel: SimulatedChannel;
  muted: boolean;
  talking: boolean;
}

/** One run of a conference: who is in it and what it says about that. */
export class ConferenceRoom {
  readonly instanceId = randomHex(16);
  readonly members = new Map<SimulatedChannel, Member>();
  private nextParticipant = 1;
  private isLocked = false;

  constructor(
    readonly accountId: string,
    readonly id: string,
    private readonly emit: (draft: EventDraft) => void,
    private readonly clock: Clock,
  ) {
    this.say('conference-create');
  }

  get locked(): boolean {
    return this.isLocked;
  }

  join(channel: SimulatedChannel): Member {
    const member = { participantId: this.nextParticipant++, channel, muted: false, talking: false };
    this.members.set(channel, member);
    channel.conferenceId = this.id;
    this.say('add-member', member);
    return member;
  }

  /** The last one to leave closes the conference. */
  leave(channel: SimulatedChannel): void {
    const member = this.members.get(channel);
    if (member === undefined) return;
    this.setTalking(member, false);
    this.members.delete(channel);
    channel.conferenceId = undefined;
    this.say('del-member', member);
    if (this.members.size === 0) this.say('conference-destroy');
  }

  setMuted(member: Member, muted: boolean): boolean {
    if (member.muted === muted) return false;
    if (muted) this.setTalking(member, false);
    member.muted = muted;
    this.say(muted ? 'mute-member' : 'unmute-member', member);
    return true;
  }

  setTalking(member: Member, talking: boolean): void {
    if (member.talking === talking || (talking && member.muted)) return;
    member.talking = talking;
    this.say(talking ? 'start-talking' : 'stop-talking', member);
  }

  setLocked(locked: boolean): boolean {
    if (this.isLocked === locked) return false;
    this.isLocked = locked;
    this.say(locked ? 'lock' : 'unlock');
    return true;
  }

  byParticipant(participantId: number): Member | undefined {
    return [...this.members.values()].find((member) => member.participantId === participantId);
  }

  state(switchId: string): ConferenceState {
    return {
      conference_id: this.id,
      switch: switchId,
      locked: this.isLocked,
      participants: [...this.members.values()].map(({ participantId, channel, muted }) => ({
        participant_id: participantId,
        call_id: channel.callId,
        muted,
      })),
    };
  }

  /** What somebody in the conference asked it to do. */
  sayCommand(applicationName: string, member?: Member): void {
    const nowMs = this.clock();
    this.emit({
      family: 'conference',
      name: 'command',
      routingKey: conferenceCommandRoutingKey(this.id),
      accountId: this.accountId,
      timestampMs: nowMs,
      body: withoutUndefined({
        application_name: applicationName,
        account_id: this.accountId,
        conference_id: this.id,
        participant_id: member?.participantId,
        call_id: member?.channel.callId,
        timestamp: toGregorianSeconds(nowMs),
      }),
    });
  }

  private say(kind: ConferenceEventKind, member?: Member): void {
    this.emit(
      conferenceEvent({
        kind,
        run: this,
        member: member && facts(member),
        nowMs: this.clock(),
      }),
    );
  }
}

function facts({ channel, participantId, muted, talking }: Member): ConferenceMember {
  const { callId, presenceId, customVars, plan } = channel;
  return {
    callId,
    participantId,
    name: plan.party.name,
    number: plan.party.number,
    presenceId,
    customVars,
    moderator: participantId === 1,
    muted,
    talking,
    more: { floor: talking, video: false, see: false, mute_detect: false, member_ghost: false },
  };
}
