import {
  channelConnectedRoutingKey,
  channelDisconnectedRoutingKey,
  encodeEvent,
  messageRoutingKey,
  unreadCountRoutingKey,
  type MessagingEventName,
  type WireMessage,
} from '@ringdown/contracts';
import type { OutboxEntry } from '@ringdown/database';
import { channelView, type Channel } from './channel';
import type { Conversation } from './conversation';
import { messageView, timeText, type Message } from './message';

type ConversationFacts = Pick<Conversation, 'id' | 'accountId' | 'channelId'>;

/** A message was created or its state changed. The caller holds the conversation. */
export function messageChanged(
  conversation: ConversationFacts,
  message: Message,
  nowMs: number,
): OutboxEntry {
  return entry(
    'message',
    messageRoutingKey(conversation.id),
    conversation.id,
    conversation.accountId,
    nowMs,
    {
      conversation_id: conversation.id,
      channel_id: conversation.channelId,
      message: messageView(message),
    },
  );
}

/** The unread count changed. The caller holds the conversation. */
export function unreadChanged(conversation: Conversation, nowMs: number): OutboxEntry {
  return entry(
    'unread_count',
    unreadCountRoutingKey(conversation.id),
    conversation.id,
    conversation.accountId,
    nowMs,
    {
      conversation_id: conversation.id,
      unread_message_count: conversation.unreadCount,
      timestamp: timeText(conversation.unreadAt),
    },
  );
}

/** A channel was connected, changed or disconnected. The caller holds its row. */
export function channelChanged(channel: Channel, nowMs: number): OutboxEntry {
  const { connected, ...shown } = channelView(channel);
  return connected
    ? entry(
        'channel_connected',
        channelConnectedRoutingKey(channel.id),
        channel.id,
        channel.accountId,
        nowMs,
        shown,
      )
    : entry(
        'channel_disconnected',
        channelDisconnectedRoutingKey(channel.id),
        channel.id,
        channel.accountId,
        nowMs,
        shown,
      );
}

function entry(
  name: MessagingEventName,
  routingKey: string,
  orderKey: string,
  accountId: string,
  nowMs: number,
  payload: Readonly<Record<string, unknown>>,
): OutboxEntry {
  const message: WireMessage = encodeEvent({
    family: 'messaging',
    routingKey,
    name,
    accountId,
    timestampMs: nowMs,
    body: { account_id: accountId, ...payload },
  });
  return { message, orderKey };
}
