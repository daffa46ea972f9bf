import type { EventFamily } from '../family';
import { parseConferenceBinding } from './conference-binding';
import { readConferenceKey } from './conference-routing-key';
import { conferenceCatalogue } from './conference-samples';

export {
  conferenceEventKinds,
  type ConferenceCommand,
  type ConferenceEvent,
  type ConferenceEventKind,
} from './conference-event';
export { conferenceCommandRoutingKey, conferenceEventRoutingKey } from './conference-routing-key';

export const conferenceFamily: EventFamily = {
  name: 'conference',
  catalogue: conferenceCatalogue,
  readKey: readConferenceKey,
  parseBinding: parseConferenceBinding,
};
