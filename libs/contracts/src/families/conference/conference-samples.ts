import type { CatalogueEntry } from '../family';
import {
  conferenceCommandShape,
  conferenceEventShape,
  type ConferenceCommand,
  type ConferenceEvent,
} from './conference-event';
import { conferenceCommandRoutingKey, conferenceEventRoutingKey } from './conference-routing-key';

const conferenceId = '7c9e6679f4304a0e9d5b2e1c3f4a5b6c';
const callId = 'a84b4c76e66710@10.1.2.3';

export const conferenceCatalogue: readonly CatalogueEntry[] = [
  {
    binding: 'conference.event.{CONFERENCE_ID}.{CALL_ID}',
    summary: 'Something happened in a conference; `event` says what.',
    name: 'event',
    shape: conferenceEventShape,
    routingKey: conferenceEventRoutingKey(conferenceId, callId),
    sample: (accountId): ConferenceEvent => ({
      event_category: 'conference',
      event_name: 'event',
      event: 'add-member',
      account_id: accountId,
      conference_id: conferenceId,
      instance_id: '0d8f1a52c7b94e6f',
      call_id: callId,
      participant_id: 3,
      caller_id_name: 'Ann',
      caller_id_number: '1001',
      custom_channel_vars: { account_id: accountId, owner_id: '31f7d2a4c9084b1e9a5b6c7d8e9f0a12' },
      conference_channel_vars: {
        member_id: 3,
        is_moderator: false,
        floor: false,
        speak: true,
        hear: true,
        talking: false,
      },
    }),
    invalid: { conference_id: conferenceId, event: ['add-member'] },
  },
  {
    binding: 'conference.command.{CONFERENCE_ID}',
    summary: 'A conference was told to do something.',
    name: 'command',
    shape: conferenceCommandShape,
    routingKey: conferenceCommandRoutingKey(conferenceId),
    sample: (accountId): ConferenceCommand => ({
      event_category: 'conference',
      event_name: 'command',
      account_id: accountId,
      conference_id: conferenceId,
      application_name: 'mute_participant',
      participant_id: 3,
    }),
    invalid: { conference_id: conferenceId, application_name: { name: 'kick' } },
  },
];
