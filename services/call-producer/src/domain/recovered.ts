import { callRoutingKey, type ChannelState, type EventDraft } from '@ringdown/contracts';
import { toGregorianSeconds } from '@ringdown/core';

/**
 * The end of a call that nobody saw end: it was known before, and is not there any more. Cause and durations would be
 * inventions. Error: `bad_request` for a call id that no routing key can hold.
 */
export function recoveredDestroy(known: ChannelState, nowMs: number): EventDraft {
  return {
    family: 'call',
    name: 'CHANNEL_DESTROY',
    routingKey: callRoutingKey('CHANNEL_DESTROY', known.call_id),
    accountId: known.account_id,
    timestampMs: nowMs,
    body: withoutUndefined({
      call_id: known.call_id,
      call_direction: known.direction,
      channel_call_state: 'HANGUP',
      channel_answer_state: 'hangup',
      hangup_cause: 'UNKNOWN',
      recovered: true,
      timestamp: toGregorianSeconds(nowMs),
      interaction_id: known.interaction_id,
      other_leg_call_id: known.other_leg_call_id,
      caller_id_name: known.caller_id_name,
      caller_id_number: known.caller_id_number,
      callee_id_name: known.callee_id_name,
      callee_id_number: known.callee_id_number,
      from: known.from,
      to: known.to,
      presence_id: known.presence_id,
      custom_channel_vars: {
        ...known.custom_channel_vars,
        ...(known.account_id === undefined ? {} : { account_id: known.account_id }),
      },
    }),
  };
}

/** A copy without members that nobody knows. */
export function withoutUndefined(body: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(body).filter(([, value]) => value !== undefined));
}
