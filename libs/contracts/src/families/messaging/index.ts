import type { EventFamily } from '../family';
import { parseMessagingBinding } from './messaging-binding';
import { readMessagingKey } from './messaging-routing-key';
import { messagingCatalogue } from './messaging-samples';

export { messagingQueues } from './messaging-queue';
export {
  messagingEventNames,
  type MessageEvent,
  type MessagingChannelEvent,
  type MessagingEventName,
  type UnreadCountEvent,
} from './messaging-event';
export {
  channelConnectedRoutingKey,
  channelDisconnectedRoutingKey,
  messageRoutingKey,
  unreadCountRoutingKey,
} from './messaging-routing-key';

export const messagingFamily: EventFamily = {
  name: 'messaging',
  catalogue: messagingCatalogue,
  readKey: readMessagingKey,
  parseBinding: parseMessagingBinding,
};
