import type { ClientBinding } from '../../client-binding';
import { parseBindingId } from '../binding-id';
import { eventNotSupported, invalidFormat } from '../family';
import { singleIdBinding } from '../single-id-binding';
import { isCallEventName } from './call-event';
import { callIdMembers } from './call-routing-key';

/** `call.{EVENT or *}.{CALL_ID or *}`; everything after the event is the id. */
export function parseCallBinding(text: string, words: readonly string[]): ClientBinding {
  const event = words[1];
  if (event === undefined || words.length < 3) throw invalidFormat('call', words);
  if (event !== '*' && !isCallEventName(event)) throw eventNotSupported(event);
  const id = parseBindingId(words.slice(2).join('.'));
  if (id === undefined) throw invalidFormat('call', words);
  return singleIdBinding({
    text,
    family: 'call',
    prefix: `call.${event}`,
    id,
    idMembers: callIdMembers,
    subscriptionKey: (accountId) => `call.${accountId}.${event}.${id.word}`,
  });
}
