import type { CallCommand, CommandOutcome } from '@ringdown/contracts';
import { AppError, newId } from '@ringdown/core';
import type { DeviceEndpoint } from '../../domain/call-source';
import { fieldError, unknownTarget } from '../../domain/field-error';
import { HELPERS, HELPER_CONTEXT } from '../helper-context';
import type { Leg } from '../state/leg';
import { joinWith } from './join-with';
import {
  outcomeOf,
  partnerOf,
  reachableEndpoints,
  requireExtension,
  requireHelpers,
  type Switchboard,
} from './switchboard';

type Intercept = Extract<CallCommand, { name: 'intercept' }>;
type Move = Extract<CallCommand, { name: 'move' }>;

interface Call {
  readonly channel: string;
  readonly variables?: readonly string[];
}

/**
 * The target is called; when it answers it gets this leg's call: a ringing leg's caller is picked up, an answered leg is
 * connected with the target and its former partner is let go.
 */
export async function intercept(board: Switchboard, leg: Leg, command: Intercept): Promise<CommandOutcome> {
  if (leg.partner !== undefined && command.unbridged_only) {
    throw new AppError('conflict', `call ${leg.callId} is bridged`);
  }
  const call = await callOf(board, leg, command);
  const ringing = ringingLegOf(board, leg);
  const leaving = leg.partner === undefined ? undefined : board.state.legOfCall(leg.partner);
  const seen = await joinWith(board, {
    ...call,
    channelId: `rd-${newId()}`,
    leg: ringing ?? leg,
    pickUp: ringing !== undefined,
    leaving,
  });
  return outcomeOf(seen, command.auto_answer === true ? ['auto_answer'] : []);
}

/** The person on this leg goes on talking from another device: that is called, meets the other leg, and this one is ended. */
export async function move(board: Switchboard, leg: Leg, command: Move): Promise<CommandOutcome> {
  const other = partnerOf(board, leg);
  const devices = movableDevices(board, leg, command);
  const field = command.device_id === undefined ? 'owner_id' : 'device_id';
  const value = command.device_id ?? command.owner_id ?? leg.identity.ownerId ?? '';
  const call = await ringing(board, await reachableEndpoints(board, field, value, devices));
  const seen = await joinWith(board, {
    ...call,
    channelId: `rd-${newId()}`,
    leg: other,
    leaving: leg,
  });
  const ignored = [
    ...(command.auto_answer ? ['auto_answer'] : []),
    ...(command.dial_strategy === 'simultaneous' ? [] : ['dial_strategy']),
  ];
  return outcomeOf(seen, ignored);
}

async function callOf(board: Switchboard, leg: Leg, command: Intercept): Promise<Call> {
  const { target_type: type, target_id: id } = command;
  if (type === 'number') {
    await requireExtension(board, 'target_id', id);
    return { channel: `Local/${id}@${board.context}` };
  }
  const { accountId = '' } = leg.identity;
  const devices = (
    type === 'user' ? board.endpoints.ofOwner(accountId, id) : [board.endpoints.byDevice(accountId, id)]
  ).filter((device) => device !== undefined);
  const others =
    command.can_call_self === true
      ? devices
      : devices.filter((device) => device.deviceId !== leg.identity.deviceId);
  if (others.length === 0) throw unknownTarget('target_id', id);
  return ringing(board, await reachableEndpoints(board, 'target_id', id, others));
}

function movableDevices(board: Switchboard, leg: Leg, command: Move): readonly DeviceEndpoint[] {
  const { accountId = '', deviceId, ownerId: ownOwner } = leg.identity;
  if (command.device_id !== undefined) {
    const device = board.endpoints.byDevice(accountId, command.device_id);
    if (device === undefined) throw unknownTarget('device_id', command.device_id);
    return [device];
  }
  const ownerId = command.owner_id ?? ownOwner;
  if (ownerId === undefined)
    throw fieldError('owner_id', 'required', 'the call has no owner whose devices could take it');
  const devices = board.endpoints.ofOwner(accountId, ownerId);
  const others = command.can_call_self
    ? devices.filter((device) => device.deviceId !== deviceId)
    : devices.filter((device) => device.ownerId !== ownOwner);
  if (others.length === 0) throw unknownTarget('owner_id', ownerId);
  return others;
}

/** One telephone is called itself; several ring together behind a Local channel. */
function ringing(board: Switchboard, endpoints: readonly string[]): Call {
  const [only, ...more] = endpoints;
  if (only !== undefined && more.length === 0) return { channel: only };
  requireHelpers(board);
  return {
    channel: `Local/${HELPERS.dial}@${HELPER_CONTEXT}`,
    variables: [`__RINGDOWN_DIAL=${endpoints.join('&')}`],
  };
}

/** The unanswered leg that rings somebody: this one, or one that this one waits for. */
function ringingLegOf(board: Switchboard, leg: Leg): Leg | undefined {
  if (leg.answered) return undefined;
  if (leg.direction === 'outbound') return leg;
  return [...board.state.legs.values()].find(
    (other) =>
      other.announced && !other.answered && other.direction === 'outbound' && other.linkedid === leg.linkedid,
  );
}
