import type { Random } from '@ringdown/core';
import type { SimulatedChannel } from '../channel';
import type { Story } from '../stories';
import type { World } from '../world';
import { customerCalls } from './conversations';
import { ringing, seconds, talk, type Scenario } from './scenario';

/** How long somebody may stay parked before the call returns to who parked it. */
export const PARK_TIMEOUT_MS = seconds(45);

/** A customer is answered and parked; the colleague who did so is gone. */
async function parkCustomer(
  world: World,
  story: Story,
  random: Random,
): Promise<{ readonly parked: SimulatedChannel; readonly slot: string; readonly by: SimulatedChannel }> {
  const { switchBoard } = world;
  const { caller, called } = await customerCalls(world, story, random);
  await story.wait(random.between(seconds(2), seconds(5)), caller, called);
  const slot = switchBoard.freeSlot();
  if (slot === undefined) {
    switchBoard.hangup(caller);
    story.check(caller);
    return { parked: caller, slot: '', by: called };
  }
  switchBoard.park(caller, slot);
  switchBoard.hangup(called);
  return { parked: caller, slot, by: called };
}

export const parkedAndRetrieved: Scenario = {
  name: 'parked and picked up',
  async play(world, story, random) {
    const { switchBoard } = world;
    const { parked, slot, by } = await parkCustomer(world, story, random);
    await story.wait(random.between(seconds(4), seconds(9)), parked);
    const colleague = world.colleague(random, by.plan.party);
    const retriever = world.dial(story, colleague, slot, parked.plan.party, parked.interactionId);
    await story.wait(200, parked, retriever);
    switchBoard.answer(retriever);
    switchBoard.unpark(parked);
    switchBoard.bridge(retriever, parked);
    await story.wait(talk(random), parked, retriever);
    switchBoard.hangup(random.chance(0.5) ? parked : retriever);
  },
};

export const parkedAndAbandoned: Scenario = {
  name: 'parked and given up',
  async play(world, story, random) {
    const { parked } = await parkCustomer(world, story, random);
    await story.wait(random.between(seconds(5), seconds(12)), parked);
    world.switchBoard.hangup(parked);
  },
};

export const parkedTooLong: Scenario = {
  name: 'parked and forgotten',
  async play(world, story, random) {
    const { parked, by } = await parkCustomer(world, story, random);
    await returnToParker(world, story, random, parked, by);
  },
};

/** Nobody picks the call up: after a while it rings where it was parked from. */
export async function returnToParker(
  world: World,
  story: Story,
  random: Random,
  parked: SimulatedChannel,
  by: SimulatedChannel | undefined,
): Promise<void> {
  const { switchBoard } = world;
  await story.wait(PARK_TIMEOUT_MS, parked);
  const parker = by?.device === undefined ? world.colleague(random, parked.plan.party) : by.plan.party;
  switchBoard.unpark(parked, 'timeout');
  const leg = world.ring(story, parker, parked.plan.party, parked.interactionId);
  await story.wait(ringing(random), parked, leg);
  switchBoard.answer(leg);
  switchBoard.bridge(parked, leg);
  await story.wait(talk(random), parked, leg);
  switchBoard.hangup(leg);
}
