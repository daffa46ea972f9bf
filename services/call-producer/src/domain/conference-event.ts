import { conferenceEventRoutingKey, type ConferenceEventKind, type EventDraft } from '@ringdown/contracts';
import { toGregorianSeconds } from '@ringdown/core';
import { withoutUndefined } from './recovered';

/** Which run of a conference an event is about. */
export interface ConferenceRun {
  readonly accountId: string | undefined;
  readonly id: string;
  readonly instanceId: string;
}

/** Who in it. */
export interface ConferenceMember {
  readonly callId: string;
  readonly participantId: number;
  /** The person in the room, whoever called whom. */
  readonly name: string | undefined;
  readonly number: string | undefined;
  readonly presenceId: string | undefined;
  readonly customVars: Readonly<Record<string, unknown>>;
  readonly moderator: boolean;
  readonly muted: boolean;
  readonly talking: boolean;
  /** Further variables a source knows. */
  readonly more?: Readonly<Record<string, unknown>>;
}

export interface ConferenceOccurrence {
  readonly kind: ConferenceEventKind;
  readonly run: ConferenceRun;
  readonly member?: ConferenceMember | undefined;
  readonly nowMs: number;
  /** Further members of the body. */
  readonly more?: Readonly<Record<string, unknown>>;
}

/** What happened in a conference, as it is told whatever the source. */
export function conferenceEvent({ kind, run, member, nowMs, more }: ConferenceOccurrence): EventDraft {
  return {
    family: 'conference',
    name: 'event',
    routingKey: conferenceEventRoutingKey(run.id, member?.callId),
    accountId: run.accountId,
    timestampMs: nowMs,
    body: withoutUndefined({
      event: kind,
      account_id: run.accountId,
      conference_id: run.id,
      instance_id: run.instanceId,
      timestamp: toGregorianSeconds(nowMs),
      ...(member === undefined ? {} : memberFacts(member)),
      ...more,
    }),
  };
}

function memberFacts(member: ConferenceMember): Record<string, unknown> {
  const { callId, participantId, name, number, presenceId, customVars, moderator, muted, talking } = member;
  return withoutUndefined({
    call_id: callId,
    participant_id: participantId,
    caller_id_name: name,
    caller_id_number: number,
    channel_presence_id: presenceId,
    custom_channel_vars: customVars,
    conference_channel_vars: {
      member_id: participantId,
      is_moderator: moderator,
      speak: !muted,
      hear: true,
      talking,
      ...member.more,
    },
  });
}
