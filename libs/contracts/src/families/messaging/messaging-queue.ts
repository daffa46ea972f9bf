import type { MessagingEventName } from './messaging-event';

/** The STOMP destination of each event, as Airy's WebSocket documentation names it. */
export const messagingQueues: Readonly<Record<MessagingEventName, string>> = {
  message: '/queue/message',
  unread_count: '/queue/unread-count',
  channel_connected: '/queue/channel/connected',
  channel_disconnected: '/queue/channel/disconnected',
};
