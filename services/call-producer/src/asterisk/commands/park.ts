import type { CallCommand, CommandOutcome } from '@ringdown/contracts';
import { fieldError } from '../../domain/field-error';
import { ourEvent } from '../watchers';
import type { Leg } from '../state/leg';
import { actAndWatch, outcomeOf, type Switchboard } from './switchboard';

type Park = Extract<CallCommand, { name: 'park' }>;

/** This leg goes into the parking lot; whoever it talked to is let go. Proven by PARK_PARKED. */
export async function park(board: Switchboard, leg: Leg, { slot }: Park): Promise<CommandOutcome> {
  if (slot !== undefined && !/^[0-9]{1,16}$/.test(slot)) {
    throw fieldError('slot', 'pattern', 'a parking slot is a number');
  }
  const session = board.session();
  const seen = await actAndWatch(
    board,
    (observation) => ourEvent(observation, 'PARK_PARKED', leg.callId),
    async () => {
      await session.action('Setvar', { Channel: leg.name, Variable: 'PARKINGEXTEN', Value: slot ?? '' });
      leg.heldWith = undefined;
      await session.action('Park', { Channel: leg.name });
    },
  );
  return outcomeOf(
    seen && {
      event: 'PARK_PARKED',
      call_id: leg.callId,
      ...(leg.slot === undefined ? {} : { detail: `in ${leg.slot}` }),
    },
  );
}
