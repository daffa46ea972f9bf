import { buildRoutingKey, encodeId } from '../../encoded-id';
import { ownMember, type JsonObject } from '../../fields';
import type { KeyFacts } from '../family';
import { idFromMembers } from '../single-id-binding';
import { conferenceCategory, conferenceCommandShape, conferenceEventShape } from './conference-event';

/** `conference.event.{CONFERENCE_ID}.{CALL_ID}`; the conference id again when no call is concerned. Ids raw. */
export function conferenceEventRoutingKey(conferenceId: string, callId?: string): string {
  return buildRoutingKey(['conference', 'event'], [conferenceId, callId ?? conferenceId]);
}

/** `conference.command.{CONFERENCE_ID}`, the id raw. */
export function conferenceCommandRoutingKey(conferenceId: string): string {
  return buildRoutingKey(['conference', 'command'], [conferenceId]);
}

export const conferenceIdMembers: readonly string[] = ['conference_id'];

export interface ConferenceIds {
  readonly conferenceId: string;
  /** The conference id again when no call is concerned. */
  readonly callId: string;
}

/** The ids in what follows `conference.event.`; the body tells where a raw conference id with dots ends. */
export function conferenceIdsOf(tail: string, body: JsonObject): ConferenceIds | undefined {
  const split = endOfConferenceId(tail, ownMember(body, 'conference_id'));
  const conference = tail.slice(0, split);
  const call = tail.slice(split + 1);
  if (split < 1 || call === '') return undefined;
  return {
    conferenceId: idFromMembers(conference, body, conferenceIdMembers),
    callId: idFromMembers(call, body, ['call_id', 'conference_id']),
  };
}

function endOfConferenceId(tail: string, idInBody: unknown): number {
  if (typeof idInBody === 'string' && idInBody !== '') {
    for (const form of [encodeId(idInBody), idInBody]) if (tail.startsWith(`${form}.`)) return form.length;
  }
  return tail.indexOf('.');
}

export function readConferenceKey(words: readonly string[], body: JsonObject): KeyFacts | undefined {
  const name = words[1];
  const tail = words.slice(2).join('.');
  if (name === 'command' && tail !== '') {
    const conferenceId = idFromMembers(tail, body, conferenceIdMembers);
    return {
      name,
      shape: conferenceCommandShape,
      defaults: { event_category: conferenceCategory, event_name: name, conference_id: conferenceId },
    };
  }
  const ids = name === 'event' ? conferenceIdsOf(tail, body) : undefined;
  if (ids === undefined) return undefined;
  const { conferenceId, callId } = ids;
  return {
    name: 'event',
    shape: conferenceEventShape,
    defaults: {
      event_category: conferenceCategory,
      event_name: 'event',
      conference_id: conferenceId,
      ...(callId === conferenceId ? {} : { call_id: callId }),
    },
  };
}
