import type { ChannelState } from '@ringdown/contracts';
import { fromGregorianSeconds } from '@ringdown/core';
import type { AmiMessage } from '../ami/ami-message';
import type { Identity } from './identity';
import { isReal, newLeg, type Leg } from './leg';
import type { Listing } from './listing';
import type { SwitchState } from './switch-state';

const RECOVERED = { recovered: true } as const;
const UP = '6';

/** Takes over what the registry believed, before the first listing: nothing is said about it again. */
export function remember(state: SwitchState, known: readonly ChannelState[]): void {
  for (const channel of known) {
    const uniqueid = state.uniqueidOf(channel.call_id);
    if (!state.legs.has(uniqueid)) state.adopt(legOf(channel, uniqueid));
  }
}

/**
 * Brings the state to what the switch lists. What ended unseen gets its CHANNEL_DESTROY, what began its CHANNEL_CREATE,
 * both marked; hold stays as last known, the switch does not list it.
 *
 * @param ended channels whose Hangup was heard during the listing: their true end follows
 * @param known call ids the registry had at takeover: their conferences were told by the former producer
 */
export function reconcile(
  state: SwitchState,
  listing: Listing,
  ended: ReadonlySet<string>,
  known: ReadonlySet<string>,
): void {
  const rows = new Map(listing.channels.map((row) => [row.get('Uniqueid'), row]));
  for (const leg of [...state.legs.values()]) {
    if (!rows.has(leg.uniqueid) && !ended.has(leg.uniqueid)) state.vanish(leg);
  }
  const found: Leg[] = [];
  for (const [uniqueid, row] of rows) {
    const leg = state.legs.get(uniqueid);
    if (leg === undefined) found.push(find(state, uniqueid, row, listing));
    else meetAgain(state, leg, row);
  }
  rebuildBridges(state, listing, rows);
  for (const leg of found) state.announce(leg, RECOVERED);
  for (const [uniqueid, row] of rows) {
    const leg = state.legs.get(uniqueid);
    if (leg !== undefined && row.get('ChannelState') === UP) state.answer(leg, RECOVERED);
  }
  for (const uniqueid of rows.keys()) meetPartner(state, state.legs.get(uniqueid));
  reconcileParking(state, listing);
  reconcileConferences(state, listing, rows, known);
}

function find(state: SwitchState, uniqueid: string, row: AmiMessage, listing: Listing): Leg {
  const inbound = uniqueid === row.get('Linkedid');
  const leg = newLeg({
    uniqueid,
    callId: state.callIdOf(uniqueid),
    name: row.get('Channel'),
    direction: inbound ? 'inbound' : 'outbound',
    createdMs: state.now() - durationMs(row.get('Duration')),
  });
  leg.variables = { ...state.takeEarlyVariables(uniqueid), ...listing.variables.get(uniqueid) };
  state.adopt(leg);
  state.update(leg, row);
  leg.application = row.get('Application');
  if (inbound && leg.exten !== 's' && leg.exten !== '') leg.dialled = leg.exten;
  return leg;
}

function meetAgain(state: SwitchState, leg: Leg, row: AmiMessage): void {
  state.rename(leg, row.get('Channel'));
  state.update(leg, row);
  leg.application = row.get('Application');
}

function rebuildBridges(state: SwitchState, listing: Listing, rows: ReadonlyMap<string, AmiMessage>): void {
  state.graph.clear();
  for (const row of listing.bridges) state.graph.create(row.get('BridgeUniqueid'), row.get('BridgeType'));
  for (const [uniqueid, row] of rows) {
    const leg = state.legs.get(uniqueid);
    // Finds the other half of a Local pair again.
    if (leg !== undefined) state.rename(leg, leg.name);
    const bridge = row.get('BridgeId');
    if (bridge !== '') state.graph.enter(bridge, '', uniqueid);
  }
}

function meetPartner(state: SwitchState, leg: Leg | undefined): void {
  if (leg === undefined || !isReal(leg)) return;
  state.join(leg.uniqueid, RECOVERED);
  if (leg.partner === undefined || leg.heldWith !== undefined) return;
  const partner = state.legOfCall(leg.partner);
  if (partner !== undefined && state.graph.conversationOf(leg.uniqueid).includes(partner.uniqueid)) return;
  // Two legs that our hold had put aside find each other again when they are taken off hold.
  if (
    partner !== undefined &&
    (leg.held || partner.held) &&
    state.isSetAside(leg) &&
    state.isSetAside(partner)
  ) {
    leg.heldWith = partner.callId;
    partner.heldWith = leg.callId;
    return;
  }
  state.part(leg);
  state.forgetPartner(leg);
}

function reconcileParking(state: SwitchState, listing: Listing): void {
  const parked = new Set<Leg>();
  for (const row of listing.parked) {
    const leg = state.parking.park(row, RECOVERED);
    if (leg !== undefined) parked.add(leg);
  }
  for (const leg of state.legs.values()) {
    if (leg.slot !== undefined && !parked.has(leg)) state.parking.release(leg, RECOVERED);
  }
}

function reconcileConferences(
  state: SwitchState,
  listing: Listing,
  rows: ReadonlyMap<string, AmiMessage>,
  known: ReadonlySet<string>,
): void {
  const { conferences } = state;
  const listed = new Map(listing.rooms.map((entry) => [entry.room.get('Conference'), entry]));
  for (const room of conferences.list()) {
    const entry = listed.get(room.id);
    if (entry === undefined) {
      conferences.close(room, RECOVERED);
      continue;
    }
    const present = new Set(entry.members.map((row) => row.get('Uniqueid')));
    for (const member of [...room.members.values()]) {
      if (!present.has(member.uniqueid)) conferences.leave(room, member, RECOVERED);
    }
  }
  for (const [id, { room: row, members }] of listed) {
    for (const member of members) {
      const uniqueid = member.get('Uniqueid');
      const instanceId = rows.get(uniqueid)?.get('BridgeId');
      const silent = known.has(state.callIdOf(uniqueid));
      conferences.join(member, { instanceId, silent, more: RECOVERED });
    }
    const room = conferences.list().find((one) => one.id === id);
    if (room === undefined) continue;
    for (const member of members) {
      const present = room.members.get(member.get('Uniqueid'));
      if (present !== undefined)
        conferences.setMuted(room, present, member.get('Muted') === 'Yes', RECOVERED);
    }
    conferences.setLocked(room, row.get('Locked') === 'Yes', RECOVERED);
  }
}

function legOf(channel: ChannelState, uniqueid: string): Leg {
  const { callflow_id, resource_id, reseller_id, from_tag, to_tag, custom_application_vars } = channel;
  const leg = newLeg({
    uniqueid,
    callId: channel.call_id,
    name: '',
    direction: channel.direction === 'outbound' ? 'outbound' : 'inbound',
    createdMs: fromGregorianSeconds(channel.created),
    inherited: present({ callflow_id, resource_id, reseller_id, from_tag, to_tag, custom_application_vars }),
  });
  leg.announced = true;
  leg.answered = channel.answered;
  leg.answeredMs = channel.answered_at === undefined ? undefined : fromGregorianSeconds(channel.answered_at);
  leg.held = channel.on_hold;
  leg.interactionId = channel.interaction_id ?? channel.call_id;
  leg.partner = channel.other_leg_call_id;
  leg.bridgedWith = channel.other_leg_call_id;
  leg.slot = channel.parking_slot;
  leg.dialled = channel.destination;
  const caller = { name: channel.caller_id_name, number: channel.caller_id_number };
  const callee = { name: channel.callee_id_name, number: channel.callee_id_number };
  const [own, connected] = leg.direction === 'inbound' ? [caller, callee] : [callee, caller];
  leg.ownName = own.name;
  leg.ownNumber = own.number;
  leg.connectedName = connected.name;
  leg.connectedNumber = connected.number;
  leg.identity = identityOfState(channel);
  return leg;
}

function identityOfState(channel: ChannelState): Identity {
  const vars = channel.custom_channel_vars ?? {};
  const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
  return present({
    accountId: channel.account_id,
    accountName: text(vars['account_name']),
    realm: text(vars['realm']),
    deviceId: channel.authorizing_type === 'device' ? channel.authorizing_id : undefined,
    ownerId: channel.owner_id,
    username: channel.username,
    presenceId: channel.presence_id,
  });
}

type Present<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

function present<T extends object>(value: T): Present<T> {
  return Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined)) as Present<T>;
}

/** `01:02:03` -> milliseconds. */
function durationMs(text: string): number {
  const match = /^(\d{1,5}):(\d{2}):(\d{2})$/.exec(text);
  if (match === null) return 0;
  return (Number(match[1]) * 3_600 + Number(match[2]) * 60 + Number(match[3])) * 1_000;
}
