import type { CommandOutcome, ConferenceCommandRequest } from '@ringdown/contracts';
import { AppError } from '@ringdown/core';
import { fieldError } from '../../domain/field-error';
import type { Member, Room } from '../state/conferences';
import type { Players } from './play';
import { actAndWatch, outcomeOf, type Seen, type Switchboard } from './switchboard';

/** A conference is named in actions and in a dialplan step. */
const NAME = /^[A-Za-z0-9_.@+-]{1,80}$/;

type MemberAction = 'kick' | 'mute' | 'unmute';

const MEMBER_ACTIONS: Readonly<Record<MemberAction, { readonly action: string; readonly kind: string }>> = {
  kick: { action: 'ConfbridgeKick', kind: 'del-member' },
  mute: { action: 'ConfbridgeMute', kind: 'mute-member' },
  unmute: { action: 'ConfbridgeUnmute', kind: 'unmute-member' },
};

/** Errors: `not_found` (conference or participant), those of the switch. */
export async function commandConference(
  board: Switchboard,
  players: Players,
  request: ConferenceCommandRequest,
): Promise<CommandOutcome> {
  const { account_id: accountId, conference_id: id, action } = request;
  const room = board.state.conferences.find(accountId, id);
  if (room === undefined || !NAME.test(id)) throw notFound(id);
  switch (action) {
    case 'lock':
    case 'unlock':
      return setLocked(board, room, action === 'lock');
    case 'play':
      if (request.media_id === undefined) throw fieldError('media_id', 'required', 'No media specified');
      return players.playToConference(id, request.media_id);
    default:
      return actOnMembers(board, room, action, membersOf(room, request.participant_id));
  }
}

/** The switch has no event for this: its answer is the proof, and the event is ours. */
async function setLocked(board: Switchboard, room: Room, locked: boolean): Promise<CommandOutcome> {
  await board.session().action(locked ? 'ConfbridgeLock' : 'ConfbridgeUnlock', { Conference: room.id });
  board.state.conferences.setLocked(room, locked);
  return outcomeOf({ event: locked ? 'lock' : 'unlock' });
}

async function actOnMembers(
  board: Switchboard,
  room: Room,
  name: MemberAction,
  members: readonly Member[],
): Promise<CommandOutcome> {
  const seen = await Promise.all(members.map((member) => actOnMember(board, room, name, member)));
  const proven = seen.filter((one) => one !== undefined);
  return outcomeOf(proven.length === members.length ? proven[0] : undefined);
}

async function actOnMember(
  board: Switchboard,
  room: Room,
  name: MemberAction,
  member: Member,
): Promise<Seen | undefined> {
  const { action, kind } = MEMBER_ACTIONS[name];
  const proof = { event: kind, call_id: member.leg.callId };
  // The switch says nothing about a member that is so already.
  if (name !== 'kick' && member.muted === (name === 'mute')) return { ...proof, detail: 'was so already' };
  const seen = await actAndWatch(
    board,
    ({ draft }) =>
      draft?.body['event'] === kind &&
      draft.body['participant_id'] === member.participantId &&
      draft.body['conference_id'] === room.id
        ? true
        : undefined,
    () => board.session().action(action, { Conference: room.id, Channel: member.channel }),
  );
  return seen && proof;
}

function membersOf(room: Room, participantId: number | undefined): readonly Member[] {
  const members = [...room.members.values()];
  if (participantId === undefined) return members;
  const member = members.find((one) => one.participantId === participantId);
  if (member === undefined) throw notFound(String(participantId));
  return [member];
}

function notFound(id: string): AppError {
  return new AppError('not_found', 'bad identifier', { details: { id } });
}
