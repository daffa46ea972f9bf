import { flag, list, numeric, record, shapeOf, text, type BodyOf } from '../../fields';

/** Names and order as Kazoo's catalogue of websocket bindings lists them. */
export const callEventNames = [
  'CHANNEL_CREATE',
  'CHANNEL_ANSWER',
  'CHANNEL_DESTROY',
  'CHANNEL_HOLD',
  'CHANNEL_UNHOLD',
  'CHANNEL_BRIDGE',
  'PARK_PARKED',
  'PARK_RETRIEVED',
  'PARK_ABANDONED',
] as const;

export type CallEventName = (typeof callEventNames)[number];

export function isCallEventName(word: string | undefined): word is CallEventName {
  return callEventNames.some((name) => name === word);
}

export const callEventCategory = 'call_event';

const customChannelVars = record('What the platform attached to the channel.', {
  account_id: text('Account of the call. **Here, not at the top level**, as in Kazoo.'),
  account_name: text('Name of the account.'),
  account_realm: text('SIP realm of the account.'),
  authorizing_id: text('Id of the device or resource that authorised the call.'),
  authorizing_type: text('`device`, `resource`, …'),
  owner_id: text('Id of the user who owns the device.'),
  realm: text('SIP realm.'),
  username: text('SIP user.'),
  reseller_id: text('Account id of the reseller.'),
  bridge_id: text('Id shared by the legs of a bridge.'),
  fetch_id: text('Id of the route request.'),
  ecallmgr_node: text('Node that controls the switch.'),
  call_interaction_id: text('Id shared by all legs of one conversation.'),
  channel_authorized: flag('Whether the channel passed authorisation.'),
  application_name: text('Application in control of the call.'),
});

/** Known members of a call event, after Kazoo's call event API. */
export const callEventFields = {
  event_category: text('`call_event`'),
  event_name: text('The event, as in the routing key.'),
  app_name: text('Publisher.'),
  app_version: text('Version of the publisher.'),
  msg_id: text('Id given by the publisher.'),

  call_id: text('Id of the channel, raw.'),
  origination_call_id: text('Id of the channel that originated this one.'),
  other_leg_call_id: text('Id of the other leg.'),
  interaction_id: text('Id shared by all legs of one conversation.'),
  bridge_a_unique_id: text('Id of the bridging leg.'),
  bridge_b_unique_id: text('Id of the bridged leg.'),
  replaced_by: text('Id of the channel that took over.'),
  intercepted_by: text('Id of the channel that picked the call up.'),

  call_direction: text('`inbound` or `outbound`, seen from the switch.'),
  channel_state: text('State of the switch channel.'),
  channel_call_state: text('`DOWN`, `RINGING`, `EARLY`, `ACTIVE`, `HELD`, `HANGUP`, …'),
  channel_answer_state: text('`early`, `answered`, `hangup`, …'),
  channel_name: text('Name of the channel on the switch.'),
  channel_created_time: numeric('Microseconds since 1970.'),
  channel_moving: flag('Being moved to another switch.'),
  channel_is_loopback: flag('One half of a loopback pair.'),
  channel_loopback_leg: text('`A` or `B`.'),
  channel_loopback_other_leg_id: text('Id of the other half.'),
  channel_loopback_bowout: flag('The pair may remove itself.'),
  channel_loopback_bowout_execute: flag('The pair is removing itself.'),

  from: text('`user@realm` of the caller.'),
  from_uri: text('SIP URI of the caller.'),
  from_tag: text('SIP tag of the caller.'),
  to: text('`user@realm` of the callee.'),
  to_uri: text('SIP URI of the callee.'),
  to_tag: text('SIP tag of the callee.'),
  request: text('`user@realm` that was dialled.'),
  caller_id_name: text('Caller id name.'),
  caller_id_number: text('Caller id number.'),
  callee_id_name: text('Callee id name.'),
  callee_id_number: text('Callee id number.'),
  caller_destination_number: text('Number the caller dialled.'),
  other_leg_caller_id_name: text('Caller id name of the other leg.'),
  other_leg_caller_id_number: text('Caller id number of the other leg.'),
  other_leg_direction: text('Direction of the other leg.'),
  other_leg_destination_number: text('Number the other leg dialled.'),
  presence_id: text('`user@realm` whose lamp shows this call.'),

  custom_channel_vars: customChannelVars,
  custom_application_vars: record('What an application attached to the call.'),
  custom_sip_headers: record('SIP headers `X-…` of the call.'),

  timestamp: numeric('Gregorian seconds.'),
  recovered: flag('Not seen as it happened, but found when the switch was reached again.'),
  reason: text('Why, where the event alone does not tell: `timeout`, …'),

  hangup_cause: text('For example `NORMAL_CLEARING`.'),
  hangup_code: text('For example `sip:200`.'),
  bridge_hangup_cause: text('Hangup cause of the bridged leg.'),
  disposition: text('For example `ANSWER`.'),
  duration_seconds: numeric('Seconds from creation to end.'),
  billing_seconds: numeric('Seconds from answer to end.'),
  ringing_seconds: numeric('Seconds from creation to answer.'),
  user_agent: text('SIP user agent.'),
  local_sdp: text('SDP of the switch.'),
  remote_sdp: text('SDP of the far end.'),
  fax_info: record('Result of a fax on this call.'),
  media_recordings: list('Recordings of this call.'),

  media_server: text('Switch that carries the call.'),
  switch_hostname: text('Host of the switch.'),
  switch_nodename: text('Node name of the switch.'),
  switch_uri: text('SIP URI of the switch.'),
  switch_url: text('SIP URL of the switch.'),

  dtmf_digit: text('Digit pressed.'),
  dtmf_duration: numeric('Length of the digit.'),
  conference_name: text('Conference the channel is in.'),
  conference_config: text('Profile of that conference.'),
  recording: text('Recording being made.'),
  parking_slot: text('Slot of a parked call.'),
  transfer_type: text('Kind of transfer.'),
  transfer_to: text('Target of a transfer.'),
  application_name: text('Application on the switch.'),
  application_data: text('Its argument.'),
  application_response: text('Its result.'),
  raw_application_name: text('The same in the words of the switch.'),
  raw_application_data: text('Its argument in the words of the switch.'),
} as const;

/** Body of a call event as a client gets it. */
export type CallEvent = BodyOf<typeof callEventFields>;

export const callEventShape = shapeOf(callEventFields);
