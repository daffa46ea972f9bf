import type { CommandOutcome } from '@ringdown/contracts';
import { ourEvent } from '../watchers';
import type { Leg } from '../state/leg';
import { actAndWatch, outcomeOf, type Switchboard } from './switchboard';

/** Ends the call leg; proven by its CHANNEL_DESTROY. */
export async function hangup(board: Switchboard, leg: Leg): Promise<CommandOutcome> {
  const seen = await actAndWatch(
    board,
    (observation) => ourEvent(observation, 'CHANNEL_DESTROY', leg.callId),
    () => board.session().action('Hangup', { Channel: leg.name, Cause: '16' }),
  );
  return outcomeOf(seen && { event: 'CHANNEL_DESTROY', call_id: leg.callId });
}
