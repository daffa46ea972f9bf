import { connectMessagingChannel, receiveSourceMessage, type MessageEnvelope } from '@ringdown/contracts';
import { newId } from '@ringdown/core';
import { signatureOf } from '../domain/signature';
import type { Harness } from './harness';

export const SOURCE_SECRET = 'a secret of sixteen or more';

/** A contact of the channel says something. The channel's secret is {@link SOURCE_SECRET}. */
export function contactSays(h: Harness, channel_id: string, contact: string): Promise<MessageEnvelope> {
  const body = JSON.stringify({
    channel_id,
    source_conversation_id: contact,
    message: { id: newId(), content: 'hello' },
  });
  const timestamp = String(Math.floor(Date.now() / 1000));
  return h.ask(receiveSourceMessage, {
    source: 'twilio.sms',
    timestamp,
    body,
    signature: signatureOf(SOURCE_SECRET, timestamp, body),
  });
}

/** The same on a channel of its own, whose callback leads nowhere. */
export async function sourceConversation(
  h: Harness,
  account_id: string,
  source_channel_id: string,
): Promise<MessageEnvelope> {
  const { channel } = await h.ask(connectMessagingChannel, {
    account_id,
    source: 'twilio.sms',
    source_channel_id,
    secret: SOURCE_SECRET,
    callback_url: 'https://nowhere.example/',
  });
  return contactSays(h, channel.id, 'contact');
}
