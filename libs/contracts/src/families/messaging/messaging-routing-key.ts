import { buildRoutingKey } from '../../encoded-id';
import type { JsonObject } from '../../fields';
import type { KeyFacts } from '../family';
import { idFromMembers } from '../single-id-binding';
import { isMessagingEventName, messagingShapes, type MessagingEventName } from './messaging-event';

/** `messaging.message.{CONVERSATION_ID}` */
export function messageRoutingKey(conversationId: string): string {
  return messagingRoutingKey('message', conversationId);
}

/** `messaging.unread_count.{CONVERSATION_ID}` */
export function unreadCountRoutingKey(conversationId: string): string {
  return messagingRoutingKey('unread_count', conversationId);
}

/** `messaging.channel_connected.{CHANNEL_ID}` */
export function channelConnectedRoutingKey(channelId: string): string {
  return messagingRoutingKey('channel_connected', channelId);
}

/** `messaging.channel_disconnected.{CHANNEL_ID}` */
export function channelDisconnectedRoutingKey(channelId: string): string {
  return messagingRoutingKey('channel_disconnected', channelId);
}

function messagingRoutingKey(event: MessagingEventName, id: string): string {
  return buildRoutingKey(['messaging', event], [id]);
}

/** The member that holds the id of the routing key. */
export function messagingIdMember(event: MessagingEventName): 'conversation_id' | 'id' {
  return event === 'message' || event === 'unread_count' ? 'conversation_id' : 'id';
}

export function readMessagingKey(words: readonly string[], body: JsonObject): KeyFacts | undefined {
  const event = words[1];
  const tail = words.slice(2).join('.');
  if (!isMessagingEventName(event) || tail === '') return undefined;
  const member = messagingIdMember(event);
  return {
    name: event,
    shape: messagingShapes[event],
    defaults: {
      event_category: 'messaging',
      event_name: event,
      [member]: idFromMembers(tail, body, [member]),
    },
  };
}
