import { numeric, record, shapeOf, text, type BodyOf } from '../../fields';

export const messagingEventNames = [
  'message',
  'unread_count',
  'channel_connected',
  'channel_disconnected',
] as const;

export type MessagingEventName = (typeof messagingEventNames)[number];

export function isMessagingEventName(word: string | undefined): word is MessagingEventName {
  return messagingEventNames.some((name) => name === word);
}

const common = {
  event_category: text('`messaging`'),
  event_name: text('The event, as in the routing key.'),
  app_name: text('Publisher.'),
  app_version: text('Version of the publisher.'),
  msg_id: text('Id given by the publisher.'),
  account_id: text('Account of the conversation or channel.'),
};

/** A message was created or updated; the payload of Airy's `/queue/message` and the account. */
export const messageFields = {
  ...common,
  conversation_id: text('Id of the conversation.'),
  channel_id: text('Id of the channel.'),
  message: record('The message.', {
    id: text('Id of the message.'),
    content: text('The payload of the source, as JSON text.'),
    delivery_state: text('`PENDING`, `FAILED` or `DELIVERED`.'),
    sender_type: text('Who sent it.'),
    sent_at: text('UTC, `yyyy-MM-dd’T’HH:mm:ss.SSSZ`.'),
  }),
} as const;

/** The unread count of a conversation changed; the payload of Airy's `/queue/unread-count` and the account. */
export const unreadCountFields = {
  ...common,
  conversation_id: text('Id of the conversation.'),
  unread_message_count: numeric('Number of unread messages.'),
  timestamp: text('UTC, `yyyy-MM-dd’T’HH:mm:ss.SSSZ`; an older count than the one known is to be ignored.'),
} as const;

/** A channel was connected or disconnected; the payload of Airy's `/queue/channel/…` and the account. */
export const channelFields = {
  ...common,
  id: text('Id of the channel.'),
  name: text('Name of the channel.'),
  source: text('For example `facebook`.'),
  source_channel_id: text('Id of the channel at its source.'),
  image_url: text('Picture of the channel; optional.'),
} as const;

export type MessageEvent = BodyOf<typeof messageFields>;
export type UnreadCountEvent = BodyOf<typeof unreadCountFields>;
export type MessagingChannelEvent = BodyOf<typeof channelFields>;

const channelShape = shapeOf(channelFields);

export const messagingShapes = {
  message: shapeOf(messageFields),
  unread_count: shapeOf(unreadCountFields),
  channel_connected: channelShape,
  channel_disconnected: channelShape,
} as const;
