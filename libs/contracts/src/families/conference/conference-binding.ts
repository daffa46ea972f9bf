import { AppError } from '@ringdown/core';
import type { ClientBinding } from '../../client-binding';
import type { IncomingEvent } from '../../event';
import { ownMember } from '../../fields';
import { ANY_ID, bindable, parseBindingId, type BindingId } from '../binding-id';
import { invalidFormat } from '../family';
import { singleIdBinding } from '../single-id-binding';
import { isConferenceEventKind } from './conference-event';
import { conferenceIdMembers, conferenceIdsOf } from './conference-routing-key';

const EVENT_PREFIX = 'conference.event';

/**
 * Conference bindings, in both orders that Kazoo's versions brought about:
 * `conference.event.{EVENT or *}.{CONF}.{CALL or *}` (version 5) when the third segment is `*` or a known event, else
 * `conference.event.{CONF}.{CALL or *}`, `conference.event.{CONF}.{CALL or *}.*` and
 * `conference.event.{CONF}.*.{EVENT}` (4.3). Also `conference.command.{CONF or *}`.
 */
export function parseConferenceBinding(text: string, words: readonly string[]): ClientBinding {
  if (words.length < 3) throw invalidFormat('conference', words);
  if (words[1] === 'command') return commandBinding(text, words);
  if (words[1] !== 'event' || words.length < 4) throw invalidFormat('conference', words);
  if (words[2] === '*' && words.length === 4) throw conferenceIdRequired();
  if (words[2] === '*' || isConferenceEventKind(words[2])) {
    return eventBinding(text, words, words[2], words[3], words.slice(4).join('.'));
  }
  const last = words.at(-1)!;
  if (words.length > 4 && last === '*') {
    return eventBinding(text, words, '*', words[2], words.slice(3, -1).join('.'));
  }
  if (words.length === 5 && words[3] === '*') {
    if (!isConferenceEventKind(last)) {
      throw new AppError('bad_request', `Unsupported conference event ${last}`);
    }
    return eventBinding(text, words, last, words[2], '*');
  }
  return eventBinding(text, words, '*', words[2], words.slice(3).join('.'));
}

function conferenceIdRequired(): AppError {
  return new AppError('bad_request', 'ConferenceId required');
}

function commandBinding(text: string, words: readonly string[]): ClientBinding {
  const tail = words.slice(2).join('.');
  if (tail === '') throw conferenceIdRequired();
  const id = parseBindingId(tail);
  if (id === undefined) throw invalidFormat('conference', words);
  return singleIdBinding({
    text,
    family: 'conference',
    prefix: 'conference.command',
    id,
    idMembers: conferenceIdMembers,
    subscriptionKey: () => `conference.command.${id.word}`,
  });
}

function eventBinding(
  text: string,
  words: readonly string[],
  kind: string,
  conferenceText: string | undefined,
  callText: string,
): ClientBinding {
  if (conferenceText === '') throw conferenceIdRequired();
  const conference = conferenceText === undefined ? undefined : parseBindingId(conferenceText);
  const call = parseBindingId(callText);
  if (conference === undefined || call === undefined) throw invalidFormat('conference', words);
  // A conference of any id is one word here, else any number of words would be given to two neighbours.
  const conferenceForms = conference.wildcard ? ['*'] : conference.forms;
  const exact = !conference.wildcard || !call.wildcard;
  return {
    text,
    family: 'conference',
    exchange: 'conference',
    patterns: bindable(
      conferenceForms.flatMap((form) => call.forms.map((callForm) => `${EVENT_PREFIX}.${form}.${callForm}`)),
    ),
    filter: kind === '*' && !exact ? undefined : filterOf(kind, conference, call),
    exactId: exact ? `${conference.word}.${call.word}` : undefined,
    collapsedPattern: `${EVENT_PREFIX}.*.${ANY_ID}`,
    subscriptionKey: (accountId) => `${EVENT_PREFIX}.${kind}.${accountId}.${conference.word}.${call.word}`,
    ...(conference.wildcard ? { superAdminOnly: 'unauthorized wildcard for conference id' } : {}),
  };
}

/** The event kind is no part of the routing key, and where a raw conference id ends only the body can tell. */
function filterOf(kind: string, conference: BindingId, call: BindingId): (event: IncomingEvent) => boolean {
  return (event) => {
    if (kind !== '*' && ownMember(event.body, 'event') !== kind) return false;
    const ids = conferenceIdsOf(event.routingKey.slice(EVENT_PREFIX.length + 1), event.body);
    return ids !== undefined && conference.means(ids.conferenceId) && call.means(ids.callId);
  };
}
