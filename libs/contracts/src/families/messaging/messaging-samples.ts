import type { CatalogueEntry } from '../family';
import {
  messagingShapes,
  type MessageEvent,
  type MessagingChannelEvent,
  type UnreadCountEvent,
} from './messaging-event';
import {
  channelConnectedRoutingKey,
  channelDisconnectedRoutingKey,
  messageRoutingKey,
  unreadCountRoutingKey,
} from './messaging-routing-key';

const conversationId = '2b6f0cc9-04d5-4f1e-9a3b-6d1c8e7f5a40';
const channelId = 'f3a1b2c4-5d6e-4f70-8a9b-0c1d2e3f4a5b';

function channelSample(name: string, accountId: string): MessagingChannelEvent {
  return {
    event_category: 'messaging',
    event_name: name,
    account_id: accountId,
    id: channelId,
    name: 'my page 1',
    source: 'facebook',
    source_channel_id: 'fb-page-id-1',
    image_url: 'http://example.org/avatar.jpeg',
  };
}

export const messagingCatalogue: readonly CatalogueEntry[] = [
  {
    binding: 'messaging.message.{CONVERSATION_ID}',
    summary: 'A message was created or updated.',
    name: 'message',
    shape: messagingShapes.message,
    routingKey: messageRoutingKey(conversationId),
    sample: (accountId): MessageEvent => ({
      event_category: 'messaging',
      event_name: 'message',
      account_id: accountId,
      conversation_id: conversationId,
      channel_id: channelId,
      message: {
        id: '9d2c7b10-3e4f-4a5b-8c6d-7e8f90a1b2c3',
        content: '{"text":"Hello World"}',
        delivery_state: 'DELIVERED',
        sender_type: 'source_contact',
        sent_at: '2026-01-05T10:00:00.000Z',
      },
    }),
    invalid: { conversation_id: conversationId, message: 'Hello World' },
  },
  {
    binding: 'messaging.unread_count.{CONVERSATION_ID}',
    summary: 'The unread count of a conversation changed.',
    name: 'unread_count',
    shape: messagingShapes.unread_count,
    routingKey: unreadCountRoutingKey(conversationId),
    sample: (accountId): UnreadCountEvent => ({
      event_category: 'messaging',
      event_name: 'unread_count',
      account_id: accountId,
      conversation_id: conversationId,
      unread_message_count: 42,
      timestamp: '2026-01-05T10:00:00.000Z',
    }),
    invalid: { conversation_id: conversationId, unread_message_count: [42] },
  },
  {
    binding: 'messaging.channel_connected.{CHANNEL_ID}',
    summary: 'A channel was connected or updated.',
    name: 'channel_connected',
    shape: messagingShapes.channel_connected,
    routingKey: channelConnectedRoutingKey(channelId),
    sample: (accountId) => channelSample('channel_connected', accountId),
    invalid: { id: channelId, name: 1 },
  },
  {
    binding: 'messaging.channel_disconnected.{CHANNEL_ID}',
    summary: 'A channel was disconnected.',
    name: 'channel_disconnected',
    shape: messagingShapes.channel_disconnected,
    routingKey: channelDisconnectedRoutingKey(channelId),
    sample: (accountId) => channelSample('channel_disconnected', accountId),
    invalid: { id: channelId, source: false },
  },
];
