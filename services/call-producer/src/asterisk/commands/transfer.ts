import type { CallCommand, CommandOutcome } from '@ringdown/contracts';
import { AppError, newId } from '@ringdown/core';
import type { Leg } from '../state/leg';
import type { Observation } from '../watchers';
import { joinWith } from './join-with';
import {
  actAndWatch,
  hangUpQuietly,
  outcomeOf,
  partnerOf,
  requireExtension,
  type Switchboard,
} from './switchboard';

type Transfer = Extract<CallCommand, { name: 'transfer' }>;

/**
 * The other leg goes to the target, this one is ended. `blind`: at once. `attended`: the target is called first, and the
 * two meet when it answers; until then this leg can take the call back with the digits given for that.
 */
export async function transfer(board: Switchboard, leg: Leg, command: Transfer): Promise<CommandOutcome> {
  const other = partnerOf(board, leg);
  await requireExtension(board, 'target', command.target);
  return command.transfer_type === 'attended'
    ? attended(board, leg, other, command)
    : blind(board, leg, other, command);
}

async function blind(board: Switchboard, leg: Leg, other: Leg, command: Transfer): Promise<CommandOutcome> {
  const place = { Context: board.context, Exten: command.target };
  const session = board.session();
  const arrived = await actAndWatch(
    board,
    (observation) => arrival(observation, leg, other, command.target),
    async () => {
      if (leg.heldWith === undefined) {
        await session.action('BlindTransfer', { Channel: leg.name, ...place });
        return;
      }
      // Put aside by our own hold: there is no bridge to transfer out of.
      leg.heldWith = undefined;
      other.heldWith = undefined;
      await session.action('Redirect', { Channel: other.name, ...place, Priority: '1' });
      await session.action('Hangup', { Channel: leg.name, Cause: '16' });
    },
  );
  if (arrived === 'failed')
    throw new AppError('conflict', `the switch did not transfer to ${command.target}`);
  return outcomeOf(
    arrived && { event: arrived, call_id: other.callId, detail: `at ${command.target}` },
    given(command, ['moh', 'takeback_dtmf']),
  );
}

function arrival(
  { message }: Observation,
  leg: Leg,
  other: Leg,
  target: string,
): 'failed' | 'BlindTransfer' | 'Newexten' | undefined {
  if (message?.event === 'BlindTransfer' && message.get('TransfererUniqueid') === leg.uniqueid) {
    return message.get('Result') === 'Success' ? 'BlindTransfer' : 'failed';
  }
  const entered =
    message?.event === 'Newexten' &&
    message.get('Uniqueid') === other.uniqueid &&
    message.get('Extension') === target;
  return entered && !/^(AppDial|Dial)/.test(message.get('Application')) ? 'Newexten' : undefined;
}

async function attended(
  board: Switchboard,
  leg: Leg,
  other: Leg,
  command: Transfer,
): Promise<CommandOutcome> {
  const channelId = `rd-${newId()}`;
  const takeback = listenForTakeback(board, leg, command.takeback_dtmf, channelId);
  const seen = await joinWith(board, {
    channel: `Local/${command.target}@${board.context}`,
    channelId,
    leg: other,
    leaving: leg,
    onSettled: () => takeback.cancel(),
  });
  return outcomeOf(seen, given(command, ['moh']));
}

/** The digits pressed one after the other on this leg end the call to the target; nothing has changed then. */
function listenForTakeback(
  board: Switchboard,
  leg: Leg,
  digits: string | undefined,
  channelId: string,
): { cancel(): void } {
  if (digits === undefined) return { cancel: () => undefined };
  let pressed = '';
  const watch = board.watchers.watch(({ digit }) => {
    if (digit?.callId !== leg.callId) return undefined;
    pressed = (pressed + digit.key).slice(-digits.length);
    return pressed === digits ? true : undefined;
  }, TAKEBACK_MS);
  void watch.seen.then((taken) => {
    const calling = board.state.legs.get(channelId);
    if (taken === true && calling !== undefined) return hangUpQuietly(board, calling.name);
    return undefined;
  });
  return watch;
}

const TAKEBACK_MS = 65_000;

/** Which of these members the command has. */
function given(command: Transfer, members: readonly ('moh' | 'takeback_dtmf')[]): readonly string[] {
  return members.filter((member) => command[member] !== undefined);
}
