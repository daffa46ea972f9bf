import { flag, numeric, record, shapeOf, text, type BodyOf } from '../../fields';

/** What can happen in a conference: member `event` of the body. The event name itself is always `event`. */
export const conferenceEventKinds = [
  'conference-create',
  'conference-destroy',
  'lock',
  'unlock',
  'add-member',
  'del-member',
  'stop-talking',
  'start-talking',
  'mute-member',
  'unmute-member',
  'deaf-member',
  'undeaf-member',
] as const;

export type ConferenceEventKind = (typeof conferenceEventKinds)[number];

export function isConferenceEventKind(word: string | undefined): word is ConferenceEventKind {
  return conferenceEventKinds.some((kind) => kind === word);
}

export const conferenceCategory = 'conference';

const common = {
  event_category: text('`conference`'),
  event_name: text('`event` or `command`.'),
  app_name: text('Publisher.'),
  app_version: text('Version of the publisher.'),
  msg_id: text('Id given by the publisher.'),
  account_id: text('Account of the conference.'),
  conference_id: text('Id of the conference, raw.'),
};

/** Known members of a conference event, after Kazoo's conference API. */
export const conferenceEventFields = {
  ...common,
  event: text(`The kind: ${conferenceEventKinds.map((kind) => `\`${kind}\``).join(', ')}.`),
  instance_id: text('Id of this run of the conference.'),
  call_id: text('Id of the participant’s channel, raw.'),
  participant_id: numeric('Number of the participant.'),
  caller_id_name: text('Caller id name of the participant.'),
  caller_id_number: text('Caller id number of the participant.'),
  channel_presence_id: text('`user@realm` of the participant.'),
  timestamp: numeric('Gregorian seconds.'),
  custom_channel_vars: record('What the platform attached to the channel.', {
    account_id: text('Account of the call.'),
    owner_id: text('Id of the user who owns the device.'),
  }),
  conference_channel_vars: record('What the conference knows of the participant.', {
    member_id: numeric('Number of the participant.'),
    is_moderator: flag('Is a moderator.'),
    floor: flag('Has the floor.'),
    video: flag('Sends video.'),
    see: flag('Gets video.'),
    speak: flag('May speak.'),
    hear: flag('May hear.'),
    talking: flag('Speaks right now.'),
    mute_detect: flag('Is told when speaking while muted.'),
    energy_level: numeric('Loudness that counts as talking.'),
    current_energy: numeric('Present loudness.'),
    member_ghost: flag('Is not shown to the others.'),
  }),
} as const;

/** Known members of a command sent to a conference. Each command has members of its own besides. */
export const conferenceCommandFields = {
  ...common,
  application_name: text(
    '`kick`, `mute_participant`, `unmute_participant`, `deaf_participant`, `undeaf_participant`, `participants`, `play`, `record`, `lock`, `unlock`, …',
  ),
  participant_id: numeric('Number of the participant meant.'),
  call_id: text('Id of the participant’s channel.'),
  media_name: text('What to play.'),
} as const;

export type ConferenceEvent = BodyOf<typeof conferenceEventFields>;
export type ConferenceCommand = BodyOf<typeof conferenceCommandFields>;

export const conferenceEventShape = shapeOf(conferenceEventFields);
export const conferenceCommandShape = shapeOf(conferenceCommandFields);
