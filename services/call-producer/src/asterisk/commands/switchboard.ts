import { COMMAND_PROOF_MS, type CommandOutcome } from '@ringdown/contracts';
import { AppError, messageOf, type Logger } from '@ringdown/core';
import type { DeviceEndpoint, EndpointDirectory } from '../../domain/call-source';
import { fieldError, unknownTarget } from '../../domain/field-error';
import { AmiRefusal, type AmiSession } from '../ami/ami-session';
import type { Leg } from '../state/leg';
import type { SwitchState } from '../state/switch-state';
import type { Observation, Watch, Watchers } from '../watchers';

/** What commands act with. */
export interface Switchboard {
  readonly state: SwitchState;
  readonly watchers: Watchers;
  readonly endpoints: EndpointDirectory;
  /** Dialplan context of targets. */
  readonly context: string;
  readonly logger: Logger;
  /** Error: `unavailable` while the switch cannot be reached. */
  session(): AmiSession;
  /** Why what needs the helper context cannot be done; undefined when it can. */
  helperProblem(): string | undefined;
}

export type Seen = NonNullable<CommandOutcome['seen']>;

const EXTENSION = /^[0-9A-Za-z*#+_.-]{1,64}$/;
/** A channel's name stands inside of applications' arguments, where commas and the like have a meaning. */
const CHANNEL_NAME = /^[A-Za-z0-9_@.:;+~/-]{1,200}$/;
const ENDPOINT = /^[A-Za-z0-9_@.+~-]{1,80}$/;

/** The leg, if it is a live call of this account. Error: `not_found`. */
export function legOf({ state }: Switchboard, accountId: string, callId: string): Leg {
  const leg = state.legOfCall(callId);
  if (leg?.announced !== true || leg.identity.accountId !== accountId) {
    throw new AppError('not_found', 'bad identifier', { details: { id: callId } });
  }
  return leg;
}

/** The leg it talks to. Error: `validation_failed` in Kazoo's words. */
export function partnerOf({ state }: Switchboard, leg: Leg): Leg {
  const partner = leg.partner === undefined ? undefined : state.legOfCall(leg.partner);
  if (partner === undefined) {
    throw fieldError('other_leg_call_id', 'required', 'Channel is not bridged');
  }
  return partner;
}

/** The name as an argument of an application. Error: `conflict` for a name that cannot be one. */
export function channelArgument(leg: Leg): string {
  if (!CHANNEL_NAME.test(leg.name)) {
    throw new AppError('conflict', `the channel of call ${leg.callId} cannot be named in a dialplan step`);
  }
  return leg.name;
}

/** Error: `not_implemented` while the helper context is missing. */
export function requireHelpers(board: Switchboard): void {
  const problem = board.helperProblem();
  if (problem !== undefined) throw new AppError('not_implemented', problem);
}

/** Error: `validation_failed` (`not_found` of the field) when the dialplan has no such extension. */
export async function requireExtension(board: Switchboard, field: string, extension: string): Promise<void> {
  if (!EXTENSION.test(extension) || !(await extensionExists(board, board.context, extension, '1'))) {
    throw unknownTarget(field, extension);
  }
}

export async function extensionExists(
  board: Switchboard,
  context: string,
  extension: string,
  priority: string,
): Promise<boolean> {
  const variable = `DIALPLAN_EXISTS(${context},${extension},${priority})`;
  const response = await board.session().action('Getvar', { Variable: variable });
  return response.get('Value') === '1';
}

/**
 * Which of these devices can be rung, as a dial string's parts. Errors: `validation_failed` (`not_found` of the field)
 * when the switch knows none of them, `conflict` when none is registered.
 */
export async function reachableEndpoints(
  board: Switchboard,
  field: string,
  value: string,
  devices: readonly DeviceEndpoint[],
): Promise<readonly string[]> {
  const states = await Promise.all(devices.map((device) => deviceState(board, device)));
  const existing = states.filter((state) => state !== undefined);
  if (existing.length === 0) throw unknownTarget(field, value);
  const reachable = existing.filter(({ state }) => !/^(unavailable|invalid)$/i.test(state));
  if (reachable.length === 0) throw new AppError('conflict', `${field} ${value} is not registered`);
  return reachable.map(({ endpoint }) => `PJSIP/${endpoint}`);
}

async function deviceState(
  board: Switchboard,
  device: DeviceEndpoint,
): Promise<{ endpoint: string; state: string } | undefined> {
  for (const endpoint of [device.username, `${device.username}@${device.realm ?? ''}`]) {
    if (!ENDPOINT.test(endpoint)) continue;
    try {
      // The list holds the endpoint's credentials, too; nothing but its state is kept.
      const rows = await board.session().list('PJSIPShowEndpoint', { Endpoint: endpoint });
      const detail = rows.find((row) => row.event === 'EndpointDetail');
      if (detail !== undefined) return { endpoint, state: detail.get('DeviceState') };
    } catch (error) {
      if (!(error instanceof AmiRefusal)) throw error;
    }
  }
  return undefined;
}

/**
 * Acts, then waits for the proof. The watch is set before; a command the switch refuses is a `conflict` in its words.
 */
export async function actAndWatch<T>(
  board: Switchboard,
  test: (observation: Observation) => T | undefined,
  act: () => Promise<unknown>,
  timeoutMs = COMMAND_PROOF_MS,
): Promise<T | undefined> {
  let watch: Watch<T> | undefined;
  try {
    watch = board.watchers.watch(test, timeoutMs + ACTION_ALLOWANCE_MS);
    await act();
    // The time runs from when the switch took the command.
    const timer = setTimeout(() => watch?.cancel(), timeoutMs);
    try {
      return await watch.seen;
    } finally {
      clearTimeout(timer);
    }
  } catch (error) {
    watch?.cancel();
    throw error;
  }
}

const ACTION_ALLOWANCE_MS = 10_000;

export function outcomeOf(seen: Seen | undefined, ignored: readonly string[] = []): CommandOutcome {
  return {
    ...(seen === undefined ? { status: 'accepted' } : { status: 'confirmed', seen }),
    ...(ignored.length === 0 ? {} : { ignored }),
  };
}

/** Ends a channel and does not mind if it has ended already. */
export async function hangUpQuietly(board: Switchboard, name: string): Promise<void> {
  try {
    await board.session().action('Hangup', { Channel: name, Cause: '16' });
  } catch (error) {
    if (!(error instanceof AmiRefusal)) {
      board.logger.debug('a channel was not hung up', { channel: name, reason: messageOf(error) });
    }
  }
}
