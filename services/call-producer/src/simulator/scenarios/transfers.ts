import type { SimulatedChannel } from '../channel';
import type { Destination } from '../dialplan';
import type { Story } from '../stories';
import type { World } from '../world';
import { customerCalls } from './conversations';
import { ringing, seconds, talk, type Scenario } from './scenario';

/** What a transfer came to, as a command reports it. */
export interface Arrival {
  readonly event: string;
  readonly callId: string;
  readonly detail?: string;
}

/** `from` leaves at once; its other leg goes to the destination. */
export async function transferBlind(
  world: World,
  story: Story,
  from: SimulatedChannel,
  other: SimulatedChannel,
  destination: Destination,
  ringMs: number,
): Promise<Arrival> {
  const { switchBoard } = world;
  switchBoard.unbridge(from);
  switchBoard.hangup(from, 'BLIND_TRANSFER');
  return world.arrive(story, other, destination, from.plan.party, ringMs);
}

/** The destination is called while the other leg is on hold; `from` leaves when it answered. */
export async function transferAttended(
  world: World,
  story: Story,
  from: SimulatedChannel,
  other: SimulatedChannel,
  destination: Destination,
  ringMs: number,
): Promise<Arrival> {
  const { switchBoard } = world;
  if (destination.kind !== 'party') {
    // What answers by itself does so at once: there is nobody to speak to first.
    switchBoard.unbridge(from);
    const arrival = await world.arrive(story, other, destination, from.plan.party, ringMs);
    switchBoard.hangup(from, 'ATTENDED_TRANSFER');
    return arrival;
  }
  switchBoard.hold(from);
  const leg = world.ring(story, destination.party, from.plan.party, from.interactionId);
  await story.wait(ringMs, from, other, leg);
  switchBoard.answer(leg);
  switchBoard.bridge(other, leg);
  switchBoard.hangup(from, 'ATTENDED_TRANSFER');
  return { event: 'CHANNEL_BRIDGE', callId: other.callId };
}

export const blindTransfer = transferScenario('a blind transfer', transferBlind);
export const attendedTransfer = transferScenario('an attended transfer', transferAttended);

/** A customer's call that goes on to a colleague. */
function transferScenario(name: string, transfer: typeof transferBlind | typeof transferAttended): Scenario {
  return {
    name,
    async play(world, story, random) {
      const { caller, called } = await customerCalls(world, story, random);
      await story.wait(random.between(seconds(3), seconds(8)), caller, called);
      const party = world.colleague(random, called.plan.party);
      const target = { kind: 'party', number: party.number, party } as const;
      await transfer(world, story, called, caller, target, ringing(random));
      await world.stay(story, caller, talk(random));
    },
  };
}
