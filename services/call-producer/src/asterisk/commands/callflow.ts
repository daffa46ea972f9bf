import type { CallCommand, CommandOutcome } from '@ringdown/contracts';
import type { Leg } from '../state/leg';
import { actAndWatch, outcomeOf, requireExtension, type Switchboard } from './switchboard';

type Callflow = Extract<CallCommand, { name: 'callflow' }>;

/** This leg enters the dialplan at the callflow's number; whoever it talked to is let go. Proven by its first step there. */
export async function callflow(board: Switchboard, leg: Leg, command: Callflow): Promise<CommandOutcome> {
  const { extension } = command;
  await requireExtension(board, 'id', extension);
  const seen = await actAndWatch(
    board,
    ({ message }) =>
      message?.event === 'Newexten' &&
      message.get('Uniqueid') === leg.uniqueid &&
      message.get('Extension') === extension &&
      // While it is on its way, the step it comes from is told again.
      !/^(AppDial|Dial)/.test(message.get('Application'))
        ? message.get('Application')
        : undefined,
    () => {
      leg.heldWith = undefined;
      return board
        .session()
        .action('Redirect', { Channel: leg.name, Context: board.context, Exten: extension, Priority: '1' });
    },
  );
  const ignored = (['captures', 'collected'] as const).filter((member) => command[member] !== undefined);
  return outcomeOf(
    seen === undefined
      ? undefined
      : { event: 'Newexten', call_id: leg.callId, detail: `${seen} at ${extension}` },
    ignored,
  );
}
