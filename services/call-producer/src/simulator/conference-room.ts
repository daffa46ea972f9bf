import {
  conferenceCommandRoutingKey,
  conferenceEventRoutingKey,
  type ConferenceEventKind,
  type ConferenceState,
  type EventDraft,
} from '@ringdown/contracts';
import { randomHex, toGregorianSeconds, type Clock } from '@ringdown/core';
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
    const nowMs = this.clock();
    this.emit({
      family: 'conference',
      name: 'event',
      routingKey: conferenceEventRoutingKey(this.id, member?.channel.callId),
      accountId: this.accountId,
      timestampMs: nowMs,
      body: withoutUndefined({
        event: kind,
        account_id: this.accountId,
        conference_id: this.id,
        instance_id: this.instanceId,
        timestamp: toGregorianSeconds(nowMs),
        ...(member === undefined ? {} : memberFacts(member)),
      }),
    });
  }
}

function memberFacts({ channel, participantId, muted, talking }: Member): Record<string, unknown> {
  return withoutUndefined({
    call_id: channel.callId,
    participant_id: participantId,
    caller_id_name: channel.plan.party.name,
    caller_id_number: channel.plan.party.number,
    channel_presence_id: channel.presenceId,
    custom_channel_vars: channel.customVars,
    conference_channel_vars: {
      member_id: participantId,
      is_moderator: participantId === 1,
      floor: talking,
      video: false,
      see: false,
      speak: !muted,
      hear: true,
      talking,
      mute_detect: false,
      member_ghost: false,
    },
  });
}
