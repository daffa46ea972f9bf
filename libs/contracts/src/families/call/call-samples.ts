import type { JsonObject } from '../../fields';
import type { CatalogueEntry } from '../family';
import { callEventNames, callEventShape, type CallEvent, type CallEventName } from './call-event';
import { callRoutingKey } from './call-routing-key';

const callId = 'a84b4c76e66710@10.1.2.3';

const summaries: Readonly<Record<CallEventName, string>> = {
  CHANNEL_CREATE: 'A call leg came into being.',
  CHANNEL_ANSWER: 'A call leg was answered.',
  CHANNEL_DESTROY: 'A call leg ended.',
  CHANNEL_HOLD: 'A call leg was put on hold.',
  CHANNEL_UNHOLD: 'A call leg was taken off hold.',
  CHANNEL_BRIDGE: 'Two call legs were connected.',
  PARK_PARKED: 'A call was parked.',
  PARK_RETRIEVED: 'A parked call was picked up.',
  PARK_ABANDONED: 'The caller hung up while parked.',
};

const beyondGeneric: Readonly<Partial<Record<CallEventName, CallEvent>>> = {
  CHANNEL_ANSWER: { channel_answer_state: 'answered', channel_call_state: 'ACTIVE' },
  CHANNEL_DESTROY: {
    channel_call_state: 'HANGUP',
    hangup_cause: 'NORMAL_CLEARING',
    hangup_code: 'sip:200',
    disposition: 'ANSWER',
    duration_seconds: '42',
    billing_seconds: '35',
    ringing_seconds: '7',
  },
  CHANNEL_BRIDGE: {
    other_leg_call_id: 'b77c0d11',
    other_leg_direction: 'outbound',
    bridge_a_unique_id: callId,
    bridge_b_unique_id: 'b77c0d11',
  },
  PARK_PARKED: { parking_slot: '401' },
  PARK_RETRIEVED: { parking_slot: '401' },
  PARK_ABANDONED: { parking_slot: '401' },
};

function sampleOf(event: CallEventName, accountId: string): JsonObject {
  const generic: CallEvent = {
    event_category: 'call_event',
    event_name: event,
    call_id: callId,
    call_direction: 'inbound',
    channel_call_state: 'RINGING',
    from: '1001@acme.example.org',
    to: '1002@acme.example.org',
    request: '1002@acme.example.org',
    caller_id_name: 'Ann',
    caller_id_number: '1001',
    callee_id_name: 'Bob',
    callee_id_number: '1002',
    timestamp: 63890000042,
    custom_channel_vars: {
      account_id: accountId,
      authorizing_id: '6f1a9d0e5c2b4e7f8a3d1c0b9e8f7a65',
      authorizing_type: 'device',
      owner_id: '31f7d2a4c9084b1e9a5b6c7d8e9f0a12',
    },
  };
  return { ...generic, ...beyondGeneric[event] };
}

export const callCatalogue: readonly CatalogueEntry[] = callEventNames.map((event) => ({
  binding: `call.${event}.{CALL_ID}`,
  summary: summaries[event],
  name: event,
  shape: callEventShape,
  routingKey: callRoutingKey(event, callId),
  sample: (accountId) => sampleOf(event, accountId),
  invalid: { call_id: callId, caller_id_number: 1001, custom_channel_vars: { account_id: 7 } },
}));
