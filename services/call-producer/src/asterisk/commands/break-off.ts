import type { CommandOutcome } from '@ringdown/contracts';
import { AppError } from '@ringdown/core';
import type { Leg } from '../state/leg';
import type { Players } from './play';
import { actAndWatch, extensionExists, outcomeOf, type Switchboard } from './switchboard';

/**
 * Ends what is being played. What we play into a call is stopped; a leg by itself in the dialplan goes on with the step after
 * the present one, which is what the end of an announcement would do. Error: `conflict` when there is nothing to end.
 */
export async function breakOff(board: Switchboard, players: Players, leg: Leg): Promise<CommandOutcome> {
  return players.isPlaying(leg.callId) ? players.stop(leg.callId) : skipStep(board, leg);
}

async function skipStep(board: Switchboard, leg: Leg): Promise<CommandOutcome> {
  const nothing = new AppError('conflict', `nothing is being played to call ${leg.callId}`);
  if (leg.partner !== undefined || board.state.graph.isIn(leg.uniqueid)) throw nothing;
  const response = await board.session().list('CoreShowChannels');
  const row = response.find((one) => one.get('Uniqueid') === leg.uniqueid);
  const [context, exten, priority] = [row?.get('Context'), row?.get('Exten'), Number(row?.get('Priority'))];
  if (context === undefined || exten === undefined || !PLACE.test(context) || !PLACE.test(exten))
    throw nothing;
  const next = String(priority + 1);
  if (!Number.isInteger(priority) || !(await extensionExists(board, context, exten, next))) throw nothing;
  const seen = await actAndWatch(
    board,
    ({ message }) =>
      message?.event === 'Newexten' &&
      message.get('Uniqueid') === leg.uniqueid &&
      message.get('Priority') === next
        ? message.get('Application')
        : undefined,
    () =>
      board
        .session()
        .action('Redirect', { Channel: leg.name, Context: context, Exten: exten, Priority: next }),
  );
  return outcomeOf(seen === undefined ? undefined : { event: 'Newexten', call_id: leg.callId, detail: seen });
}

const PLACE = /^[0-9A-Za-z*#+_.-]{1,80}$/;
