import type { CallCommand, CommandOutcome } from '@ringdown/contracts';
import { AppError, newId } from '@ringdown/core';
import { unknownTarget } from '../../domain/field-error';
import { HELPERS, HELPER_CONTEXT } from '../helper-context';
import type { Leg } from '../state/leg';
import type { Observation } from '../watchers';
import {
  actAndWatch,
  channelArgument,
  hangUpQuietly,
  outcomeOf,
  partnerOf,
  requireHelpers,
  type Switchboard,
} from './switchboard';

type Play = Extract<CallCommand, { name: 'play' }>;

/** A sound file of the switch, as its dialplan names it: a relative path without the ending. */
const SOUND = /^[A-Za-z0-9_][A-Za-z0-9_.-]*(?:\/[A-Za-z0-9_][A-Za-z0-9_.-]*){0,7}$/;
/** A file that does not exist is told at once, after the channel is connected. */
const FAILURE_MS = 400;
const LONGEST_MS = 6 * 3_600_000;

/** Sounds being played into calls, and how to end them. */
export class Players {
  /** Call id -> Uniqueids of the first halves of the Local pairs that play into it. */
  private readonly playing = new Map<string, Set<string>>();

  constructor(private readonly board: Switchboard) {}

  /**
   * Plays into a call that goes on: a Local pair whose one half plays while the other whispers it into the channel.
   * Proven by ChanSpyStart. Error: `validation_failed` when there is no such sound.
   */
  async play(leg: Leg, command: Play): Promise<CommandOutcome> {
    const { board } = this;
    if (!leg.answered) throw new AppError('conflict', `call ${leg.callId} is not answered`);
    const target = command.leg === 'peer' ? partnerOf(board, leg) : leg;
    // Alone on the line there is nobody else to hear it.
    const both = command.leg === 'both' && leg.partner !== undefined;
    const seen = await this.start(leg.callId, command.id, 'id', {
      extension: both ? HELPERS.barge : HELPERS.whisper,
      variable: `RINGDOWN_CHANNEL=${channelArgument(target)}`,
      started: ({ message }, id) =>
        message?.event === 'ChanSpyStart' && message.get('SpyerUniqueid') === otherHalf(id),
    });
    return outcomeOf(seen ? { event: 'ChanSpyStart', call_id: target.callId } : undefined);
  }

  /** The same for everybody in a conference. */
  async playToConference(conferenceId: string, media: string): Promise<CommandOutcome> {
    const seen = await this.start(`conference ${conferenceId}`, media, 'media_id', {
      extension: HELPERS.conference,
      variable: `RINGDOWN_CONFERENCE=${conferenceId}`,
      started: ({ message }, id) =>
        message?.event === 'ConfbridgeJoin' && message.get('Uniqueid') === otherHalf(id),
    });
    return outcomeOf(seen ? { event: 'ConfbridgeJoin', detail: media } : undefined);
  }

  /** Whether something of ours plays into the call. */
  isPlaying(callId: string): boolean {
    return this.playing.has(callId);
  }

  /** Ends what we play into the call; proven by the end of the channel that plays. */
  async stop(callId: string): Promise<CommandOutcome> {
    const ids = [...(this.playing.get(callId) ?? [])];
    const seen = await actAndWatch(
      this.board,
      ({ message }) =>
        message?.event === 'Hangup' && ids.includes(message.get('Uniqueid')) ? true : undefined,
      () => Promise.all(ids.map((id) => this.hangUp(id))),
    );
    return outcomeOf(seen && { event: 'Hangup', call_id: callId, detail: 'of what played' });
  }

  private async start(
    owner: string,
    media: string,
    field: string,
    way: {
      readonly extension: string;
      readonly variable: string;
      readonly started: (observation: Observation, id: string) => boolean;
    },
  ): Promise<boolean> {
    const { board } = this;
    if (!SOUND.test(media) || media.length > 200) throw unknownTarget(field, media);
    requireHelpers(board);
    const id = `rd-${newId()}`;
    const failed = board.watchers.watch((observation) => playbackFailed(observation, id), LONGEST_MS);
    this.follow(owner, id);
    try {
      const started = await actAndWatch(
        board,
        (observation) => way.started(observation, id) || playbackFailed(observation, id) || undefined,
        () =>
          board.session().action('Originate', {
            Channel: `Local/${way.extension}@${HELPER_CONTEXT}/n`,
            ChannelId: id,
            OtherChannelId: otherHalf(id),
            Application: 'Playback',
            Data: media,
            Variable: `__${way.variable}`,
            Async: 'true',
          }),
      );
      const verdict = await Promise.race([
        failed.seen,
        board.watchers.watch(() => undefined, started === undefined ? 0 : FAILURE_MS).seen,
      ]);
      if (verdict === true) throw unknownTarget(field, media);
      return started === true;
    } finally {
      failed.cancel();
    }
  }

  /** The whispering half does not notice by itself that nothing is played any more. */
  private follow(owner: string, id: string): void {
    const ids = this.playing.get(owner) ?? new Set();
    this.playing.set(owner, ids.add(id));
    const watch = this.board.watchers.watch(
      ({ message }) => (message?.event === 'Hangup' && message.get('Uniqueid') === id ? true : undefined),
      LONGEST_MS,
    );
    void watch.seen.then(async () => {
      ids.delete(id);
      if (ids.size === 0 && this.playing.get(owner) === ids) this.playing.delete(owner);
      await this.hangUp(otherHalf(id));
    });
  }

  private async hangUp(uniqueid: string): Promise<void> {
    const leg = this.board.state.legs.get(uniqueid);
    if (leg !== undefined) await hangUpQuietly(this.board, leg.name);
  }
}

function playbackFailed({ message }: Observation, id: string): true | undefined {
  return message?.event === 'VarSet' &&
    message.get('Uniqueid') === id &&
    message.get('Variable') === 'PLAYBACKSTATUS' &&
    message.get('Value') === 'FAILED'
    ? true
    : undefined;
}

function otherHalf(id: string): string {
  return `${id}-2`;
}
