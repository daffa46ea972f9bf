import type { CommandOutcome, ConferenceCommandRequest } from '@ringdown/contracts';
import { AppError } from '@ringdown/core';
import { fieldError, unknownTarget } from '../domain/field-error';
import { confirmed } from './command-outcome';
import type { ConferenceRoom, Member } from './conference-room';
import type { Playbacks } from './playbacks';
import type { World } from './world';

/** Acts on a conference. Errors: not_found, validation_failed. */
export async function commandConference(
  world: World,
  playbacks: Playbacks,
  request: ConferenceCommandRequest,
): Promise<CommandOutcome> {
  const room = world.switchBoard.room(request.account_id, request.conference_id);
  if (room === undefined) throw new AppError('not_found', 'no such conference');
  const members = membersMeant(room, request.participant_id);
  const { switchBoard } = world;
  switch (request.action) {
    case 'kick':
      for (const { channel } of members) {
        switchBoard.leaveConference(channel);
        switchBoard.hangup(channel);
      }
      return confirmed('del-member', members[0]?.channel.callId);
    case 'mute':
    case 'unmute': {
      const mute = request.action === 'mute';
      const changed = members.filter((member) => room.setMuted(member, mute));
      const seen = mute ? 'mute-member' : 'unmute-member';
      return changed.length === 0
        ? confirmed(seen, members[0]?.channel.callId, `${request.action}d already`)
        : confirmed(seen, changed[0]?.channel.callId);
    }
    case 'lock':
    case 'unlock': {
      const changed = room.setLocked(request.action === 'lock');
      return confirmed(request.action, undefined, changed ? undefined : `${request.action}ed already`);
    }
    case 'play': {
      const media = request.media_id;
      if (media === undefined) throw fieldError('media_id', 'required', 'No media specified');
      if (!(await world.office.hasMedia(media))) throw unknownTarget('media_id', media);
      const first = members[0]?.channel;
      if (first === undefined || first.ended) throw new AppError('not_found', 'no such conference');
      return playbacks.play(first, media);
    }
  }
}

function membersMeant(room: ConferenceRoom, participantId: number | undefined): readonly Member[] {
  if (participantId === undefined) return [...room.members.values()];
  const member = room.byParticipant(participantId);
  if (member === undefined) throw new AppError('not_found', 'no such participant');
  return [member];
}
