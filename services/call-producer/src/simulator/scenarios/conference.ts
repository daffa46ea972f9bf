import type { SimulatedChannel } from '../channel';
import { seconds, type Scenario } from './scenario';

const ROOMS = ['3000', '3001', '3002', '3003'];

/** Up to three people meet; one is muted for a while, the door is locked for a while. */
export const conference: Scenario = {
  name: 'a conference',
  calls: 3,
  async play(world, story, random, calls) {
    const { switchBoard, account } = world;
    const id = ROOMS.find((room) => switchBoard.room(account.id, room) === undefined);
    if (id === undefined) return;
    const host = world.colleague(random);
    const parties = [host, world.outsider(random), world.colleague(random, host)].slice(0, calls);
    const legs: SimulatedChannel[] = [];
    for (const party of parties) {
      const leg = world.dial(story, party, id, { name: 'Conference', number: id });
      await story.wait(random.between(600, 1_500), leg);
      switchBoard.answer(leg);
      switchBoard.join(leg, id);
      legs.push(leg);
      await story.wait(random.between(seconds(1), seconds(4)));
    }
    const talkAWhile = async (): Promise<void> => {
      const members = [...(switchBoard.room(account.id, id)?.members.values() ?? [])];
      const speaker = members.length === 0 ? undefined : random.pick(members);
      const room = switchBoard.room(account.id, id);
      if (speaker !== undefined) room?.setTalking(speaker, true);
      await story.wait(random.between(seconds(2), seconds(5)));
      if (speaker !== undefined && !speaker.channel.ended) room?.setTalking(speaker, false);
    };
    await talkAWhile();
    const room = switchBoard.room(account.id, id);
    const listener = [...(room?.members.values() ?? [])].at(-1);
    if (room !== undefined && listener !== undefined) {
      room.sayCommand('mute_participant', listener);
      room.setMuted(listener, true);
      room.sayCommand('lock');
      room.setLocked(true);
      await talkAWhile();
      await talkAWhile();
      if (room.members.has(listener.channel)) {
        room.sayCommand('unmute_participant', listener);
        room.setMuted(listener, false);
      }
      if (room.members.size > 0) {
        room.sayCommand('unlock');
        room.setLocked(false);
      }
    }
    for (let turn = 0; turn < 3; turn += 1) await talkAWhile();
    for (const leg of legs) {
      if (story.owns(leg) && leg.conferenceId === id) switchBoard.hangup(leg);
      await story.wait(random.between(300, 1_500));
    }
  },
};
