import { MESSAGE_PRODUCER } from '@ringdown/contracts';
import { timeText } from '../domain/message';
import { signatureOf } from '../domain/signature';
import type { CallbackRequest, LeasedDelivery } from '../ports';

/** A message as its channel's callback gets it. The message id recognises a repetition. */
export function callbackRequest(delivery: LeasedDelivery, url: string, nowMs: number): CallbackRequest {
  const { message, channel } = delivery;
  const body = JSON.stringify({
    type: 'message',
    channel_id: channel.id,
    source: channel.source,
    source_channel_id: channel.sourceChannelId,
    conversation_id: message.conversationId,
    source_conversation_id: delivery.sourceConversationId,
    message: {
      id: message.id,
      content: JSON.parse(message.content) as unknown,
      sender_type: message.senderType,
      sent_at: timeText(message.sentAt),
    },
  });
  const timestamp = String(Math.floor(nowMs / 1000));
  return {
    url,
    body,
    headers: {
      'user-agent': `ringdown ${MESSAGE_PRODUCER}`,
      'idempotency-key': message.id,
      'x-ringdown-timestamp': timestamp,
      ...(channel.secret === undefined
        ? {}
        : { 'x-ringdown-signature': `sha256=${signatureOf(channel.secret, timestamp, body)}` }),
      ...(channel.token === undefined ? {} : { authorization: `Bearer ${channel.token}` }),
    },
  };
}
