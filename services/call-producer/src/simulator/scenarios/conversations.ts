import type { Random } from '@ringdown/core';
import type { Party } from '../channel';
import { MAIN_NUMBER } from '../people';
import type { Story } from '../stories';
import type { Conversation, World } from '../world';
import { ringing, seconds, talk, type Scenario } from './scenario';

/** Somebody outside calls the company and is answered by one of the staff. */
export async function customerCalls(
  world: World,
  story: Story,
  random: Random,
  ringMs = ringing(random),
): Promise<Conversation> {
  return world.connect(story, world.outsider(random), world.colleague(random), MAIN_NUMBER, ringMs);
}

/** One of the two hangs up. */
export function partWays(world: World, random: Random, { caller, called }: Conversation): void {
  world.switchBoard.hangup(random.chance(0.5) ? caller : called);
}

async function talkAndPart(world: World, story: Story, random: Random, call: Conversation): Promise<void> {
  await story.wait(talk(random), call.caller, call.called);
  partWays(world, random, call);
}

/** A call of minutes, so that there is one to look at and to act on. */
export const longCall: Scenario = {
  name: 'a long call',
  async play(world, story, random) {
    const call = await customerCalls(world, story, random, 800);
    await story.wait(random.between(seconds(1_800), seconds(3_600)), call.caller, call.called);
    partWays(world, random, call);
  },
};

export const answered: Scenario = {
  name: 'a customer calls',
  async play(world, story, random) {
    const call = await customerCalls(world, story, random);
    await talkAndPart(world, story, random, call);
  },
};

export const internal: Scenario = {
  name: 'two colleagues talk',
  async play(world, story, random) {
    const first = world.colleague(random);
    const second = world.colleague(random, first);
    const call = await world.connect(story, first, second, second.number, ringing(random));
    await talkAndPart(world, story, random, call);
  },
};

/** Called out; the other end is busy at times. */
export const outgoing: Scenario = {
  name: 'a customer is called',
  async play(world, story, random) {
    const customer = world.outsider(random);
    const colleague = world.colleague(random);
    if (random.chance(0.25)) {
      const caller = world.dial(story, colleague, customer.number, customer);
      await story.wait(150, caller);
      const called = world.ring(story, customer, colleague, caller.interactionId);
      await story.wait(700, caller, called);
      for (const leg of [called, caller]) world.switchBoard.hangup(leg, 'USER_BUSY');
      return;
    }
    const call = await world.connect(story, colleague, customer, customer.number, ringing(random));
    await talkAndPart(world, story, random, call);
  },
};

/** Nobody answers: the caller gives up, or leaves a message. */
export const missed: Scenario = {
  name: 'a missed call',
  async play(world, story, random) {
    const customer = world.outsider(random);
    const colleague: Party = world.colleague(random);
    const { switchBoard } = world;
    const caller = world.dial(story, customer, MAIN_NUMBER, colleague);
    await story.wait(150, caller);
    const called = world.ring(story, colleague, customer, caller.interactionId);
    await story.wait(random.between(seconds(7), seconds(12)), caller, called);
    if (random.chance(0.5)) {
      switchBoard.hangup(called, 'ORIGINATOR_CANCEL');
      switchBoard.hangup(caller, 'ORIGINATOR_CANCEL');
      return;
    }
    switchBoard.hangup(called, 'NO_ANSWER');
    switchBoard.answer(caller);
    const lengthMs = random.between(seconds(5), seconds(15));
    await story.wait(lengthMs, caller);
    switchBoard.hangup(caller);
    world.office.leaveMessage({
      callId: caller.callId,
      callerName: customer.name,
      callerNumber: customer.number,
      toNumber: colleague.number,
      seconds: Math.round(lengthMs / 1_000),
    });
  },
};

/** Put on hold, with a recording of the conversation now and then. */
export const onHold: Scenario = {
  name: 'a call on hold',
  async play(world, story, random) {
    const { switchBoard } = world;
    const call = await customerCalls(world, story, random);
    const recorded = random.chance(0.5);
    if (recorded) switchBoard.startRecording(call.called);
    await story.wait(random.between(seconds(3), seconds(6)), call.caller, call.called);
    switchBoard.hold(call.called);
    await story.wait(random.between(seconds(4), seconds(9)), call.caller, call.called);
    switchBoard.unhold(call.called);
    await story.wait(random.between(seconds(4), seconds(12)), call.caller, call.called);
    partWays(world, random, call);
  },
};
