import { buildRoutingKey } from '../../encoded-id';
import type { JsonObject } from '../../fields';
import type { KeyFacts } from '../family';
import { idFromMembers } from '../single-id-binding';
import { callEventCategory, callEventShape, isCallEventName, type CallEventName } from './call-event';

/** `call.{EVENT}.{CALL_ID}`, the id raw. */
export function callRoutingKey(event: CallEventName, callId: string): string {
  return buildRoutingKey(['call', event], [callId]);
}

export const callIdMembers: readonly string[] = ['call_id'];

export function readCallKey(words: readonly string[], body: JsonObject): KeyFacts | undefined {
  const event = words[1];
  const tail = words.slice(2).join('.');
  if (!isCallEventName(event) || tail === '') return undefined;
  const callId = idFromMembers(tail, body, callIdMembers);
  return {
    name: event,
    shape: callEventShape,
    defaults: { event_category: callEventCategory, event_name: event, call_id: callId },
  };
}
