import type { ClientBinding } from '../../client-binding';
import { parseBindingId } from '../binding-id';
import { eventNotSupported, invalidFormat } from '../family';
import { singleIdBinding } from '../single-id-binding';
import { isMessagingEventName } from './messaging-event';
import { messagingIdMember } from './messaging-routing-key';

/** `messaging.{EVENT or *}.{CONVERSATION_ID, CHANNEL_ID or *}` */
export function parseMessagingBinding(text: string, words: readonly string[]): ClientBinding {
  const event = words[1];
  if (event === undefined || words.length < 3) throw invalidFormat('messaging', words);
  if (event !== '*' && !isMessagingEventName(event)) throw eventNotSupported(event);
  const id = parseBindingId(words.slice(2).join('.'));
  if (id === undefined) throw invalidFormat('messaging', words);
  return singleIdBinding({
    text,
    family: 'messaging',
    prefix: `messaging.${event}`,
    id,
    idMembers: event === '*' ? ['conversation_id', 'id'] : [messagingIdMember(event)],
    subscriptionKey: (accountId) => `messaging.${accountId}.${event}.${id.word}`,
  });
}
