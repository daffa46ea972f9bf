import type { CommandOutcome } from '@ringdown/contracts';
import { AppError, deferred } from '@ringdown/core';
import type { SimulatedChannel } from './channel';
import { confirmed } from './command-outcome';

const PLAYBACK_MS = 1_500;

/** Sounds that are being played to calls. */
export class Playbacks {
  private readonly playing = new Map<SimulatedChannel, () => void>();

  /** Resolves when it was played, or broken off. Error: not_found when the call ended before. */
  async play(channel: SimulatedChannel, media: string): Promise<CommandOutcome> {
    this.playing.get(channel)?.();
    const done = deferred();
    const timer = setTimeout(() => done.resolve(), PLAYBACK_MS);
    const end = (): void => {
      clearTimeout(timer);
      done.resolve();
    };
    this.playing.set(channel, end);
    await done.promise;
    if (this.playing.get(channel) === end) this.playing.delete(channel);
    if (channel.ended) throw new AppError('not_found', 'the call ended');
    return confirmed('playback_finished', channel.callId, media);
  }

  /** Error: conflict when there is nothing to break off. */
  breakOff(channel: SimulatedChannel): CommandOutcome {
    const end = this.playing.get(channel);
    if (end === undefined) throw new AppError('conflict', 'nothing is being played to the call');
    end();
    return confirmed('playback_finished', channel.callId, 'stopped');
  }

  /** The call is over. */
  forget(channel: SimulatedChannel): void {
    this.playing.get(channel)?.();
    this.playing.delete(channel);
  }
}
