import { callRoutingKey, type CallEventName, type ChannelState, type EventDraft } from '@ringdown/contracts';
import { toGregorianSeconds } from '@ringdown/core';
import { withoutUndefined } from '../../domain/recovered';
import type { Leg } from './leg';

interface Party {
  readonly name: string | undefined;
  readonly number: string | undefined;
}

/** An event about a leg. `more` wins over what every event says. */
export function callEvent(
  name: CallEventName,
  leg: Leg,
  other: Leg | undefined,
  nowMs: number,
  more: Readonly<Record<string, unknown>> = {},
): EventDraft {
  return {
    family: 'call',
    name,
    routingKey: callRoutingKey(name, leg.callId),
    accountId: leg.identity.accountId,
    timestampMs: nowMs,
    body: withoutUndefined({ ...factsOf(leg, other), timestamp: toGregorianSeconds(nowMs), ...more }),
  };
}

/** The members of every call event. */
function factsOf(leg: Leg, other: Leg | undefined): Record<string, unknown> {
  const [caller, callee] = partiesOf(leg);
  const { from, to, destination } = addressesOf(leg);
  return {
    call_id: leg.callId,
    interaction_id: leg.interactionId,
    call_direction: leg.direction,
    channel_name: leg.name,
    channel_created_time: leg.createdKnown ? leg.createdMs * 1_000 : undefined,
    channel_call_state: callStateOf(leg),
    channel_answer_state: leg.answered ? 'answered' : 'early',
    from,
    from_uri: from === undefined ? undefined : `sip:${from}`,
    to,
    to_uri: to === undefined ? undefined : `sip:${to}`,
    request: to,
    caller_id_name: caller.name,
    caller_id_number: caller.number,
    callee_id_name: callee.name,
    callee_id_number: callee.number,
    caller_destination_number: destination,
    presence_id: leg.identity.presenceId,
    other_leg_call_id: leg.partner ?? leg.bridgedWith,
    ...(other === undefined ? {} : otherLegFacts(other)),
    custom_channel_vars: customVarsOf(leg),
  };
}

function otherLegFacts(other: Leg): Record<string, unknown> {
  const [caller] = partiesOf(other);
  return {
    other_leg_direction: other.direction,
    other_leg_caller_id_name: caller.name,
    other_leg_caller_id_number: caller.number,
    other_leg_destination_number: addressesOf(other).destination,
  };
}

/** The leg as the registry keeps it. */
export function channelStateOf(leg: Leg, switchId: string): ChannelState {
  const [caller, callee] = partiesOf(leg);
  const { from, to, destination } = addressesOf(leg);
  const { identity } = leg;
  const state = withoutUndefined({
    call_id: leg.callId,
    account_id: identity.accountId,
    switch: switchId,
    direction: leg.direction,
    answered: leg.answered,
    on_hold: leg.held,
    created: toGregorianSeconds(leg.createdMs),
    answered_at: leg.answeredMs === undefined ? undefined : toGregorianSeconds(leg.answeredMs),
    other_leg_call_id: leg.partner,
    parking_slot: leg.slot,
    interaction_id: leg.interactionId,
    destination,
    caller_id_name: caller.name,
    caller_id_number: caller.number,
    callee_id_name: callee.name,
    callee_id_number: callee.number,
    from,
    to,
    presence_id: identity.presenceId,
    username: identity.username,
    authorizing_id: identity.deviceId,
    authorizing_type: identity.deviceId === undefined ? undefined : 'device',
    owner_id: identity.ownerId,
    custom_channel_vars: customVarsOf(leg),
  });
  return { ...leg.inherited, ...state } as ChannelState;
}

/** What the platform attaches to the leg. */
export function customVarsOf(leg: Leg): Record<string, unknown> {
  const { accountId, accountName, realm, deviceId, ownerId, username } = leg.identity;
  return withoutUndefined({
    account_id: accountId,
    account_name: accountName,
    account_realm: realm,
    realm,
    authorizing_id: deviceId,
    authorizing_type: deviceId === undefined ? undefined : 'device',
    owner_id: ownerId,
    username,
    call_interaction_id: leg.interactionId,
  });
}

/**
 * Who called and who was called. Asterisk names the far end of a channel in its caller id and whom it talks to in its
 * connected line: on a leg that the switch placed the far end is the callee.
 */
export function partiesOf(leg: Leg): readonly [caller: Party, callee: Party] {
  const own = { name: leg.ownName, number: leg.ownNumber };
  const connected = { name: leg.connectedName, number: leg.connectedNumber };
  if (leg.direction === 'outbound') {
    return [connected, { name: own.name, number: own.number ?? leg.identity.username }];
  }
  return [own, { name: connected.name, number: connected.number ?? leg.dialled }];
}

function addressesOf(leg: Leg): { from?: string; to?: string; destination?: string } {
  const [caller, callee] = partiesOf(leg);
  const { username } = leg.identity;
  const destination =
    leg.direction === 'outbound'
      ? (username ?? leg.dialled ?? callee.number)
      : (leg.dialled ?? callee.number);
  const fromUser = leg.direction === 'inbound' ? (username ?? caller.number) : caller.number;
  return {
    ...(fromUser === undefined ? {} : { from: addressOf(fromUser, leg) }),
    ...(destination === undefined ? {} : { to: addressOf(destination, leg), destination }),
  };
}

function addressOf(user: string, { identity: { realm } }: Leg): string {
  return realm === undefined || user.includes('@') ? user : `${user}@${realm}`;
}

function callStateOf(leg: Leg): string {
  if (!leg.answered) return leg.ringing || leg.direction === 'inbound' ? 'RINGING' : 'DOWN';
  return leg.held ? 'HELD' : 'ACTIVE';
}
