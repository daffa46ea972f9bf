import {
  conferenceActions,
  conferenceCommandRoutingKey,
  encodeEvent,
  type ConferenceAction,
  type ConferenceCommandRequest,
  type WireMessage,
} from '@ringdown/contracts';
import { fieldError, validator } from '@ringdown/http';
import Joi from 'joi';

type JsonObject = Readonly<Record<string, unknown>>;

/** What is asked of a conference. */
export type ConferenceCommandData = Pick<ConferenceCommandRequest, 'action' | 'participant_id' | 'media_id'>;

export interface ParsedConferenceCommand {
  readonly command: ConferenceCommandData;
  readonly ignored: readonly string[];
}

/** Kazoo's names of the commands on the bus. */
const applicationNames: Readonly<Record<ConferenceAction, string>> = {
  kick: 'kick',
  mute: 'mute_participant',
  unmute: 'unmute_participant',
  lock: 'lock',
  unlock: 'unlock',
  play: 'play',
};

const membersOf: Readonly<Record<ConferenceAction, readonly string[]>> = {
  kick: ['participant_id'],
  mute: ['participant_id'],
  unmute: ['participant_id'],
  lock: [],
  unlock: [],
  play: ['media_id', 'participant_id'],
};

const members = validator<Omit<ConferenceCommandData, 'action'>>(
  Joi.object({
    participant_id: Joi.number().integer().min(0),
    media_id: Joi.string().min(1).max(256),
  }).options({ stripUnknown: true }),
);

/**
 * Reads the body of `PUT …/conferences/{ID}`: `action` beside `data` or in it, its members in `data` or in a `data` of
 * their own. Undefined when there is no such action. Error: `validation_failed`.
 */
export function parseConferenceCommand(
  data: JsonObject,
  beside: JsonObject,
): ParsedConferenceCommand | undefined {
  const { action: inside, ...rest } = data;
  const action = beside['action'] ?? inside;
  if (!isAction(action)) return undefined;
  const given = isObject(rest['data']) ? rest['data'] : rest;
  const known = Object.fromEntries(membersOf[action].map((name) => [name, given[name]]));
  const command = { action, ...members(known) };
  if (action === 'play' && command.media_id === undefined) {
    throw fieldError('media_id', 'required', 'No media id specified');
  }
  return { command, ignored: Object.keys(given).filter((name) => !membersOf[action].includes(name)) };
}

/** The command as everybody on the bus may see it. Error: `bad_request` for an id too long for a routing key. */
export function conferenceCommandEvent(
  accountId: string,
  conferenceId: string,
  { action, participant_id: participantId, media_id: mediaId }: ConferenceCommandData,
  traceparent: string | undefined,
): WireMessage {
  return encodeEvent({
    family: 'conference',
    routingKey: conferenceCommandRoutingKey(conferenceId),
    name: 'command',
    accountId,
    appId: 'api-gateway',
    body: {
      account_id: accountId,
      conference_id: conferenceId,
      application_name: applicationNames[action],
      ...(participantId === undefined ? {} : { participant_id: participantId }),
      ...(mediaId === undefined ? {} : { media_name: mediaId }),
    },
    ...(traceparent === undefined ? {} : { traceparent }),
  });
}

function isAction(word: unknown): word is ConferenceAction {
  return conferenceActions.some((action) => action === word);
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
