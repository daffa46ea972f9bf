import type { EventFamily } from '../family';
import { parseCallBinding } from './call-binding';
import { readCallKey } from './call-routing-key';
import { callCatalogue } from './call-samples';

export { callEventNames, type CallEvent, type CallEventName } from './call-event';
export { callRoutingKey } from './call-routing-key';
export {
  MAX_CHANNELS_PER_PART,
  decodeSwitchSnapshot,
  encodeSwitchSnapshot,
  isSwitchSnapshotKey,
  type SwitchSnapshotPart,
} from './call-snapshot';

export const callFamily: EventFamily = {
  name: 'call',
  catalogue: callCatalogue,
  readKey: readCallKey,
  parseBinding: parseCallBinding,
};
