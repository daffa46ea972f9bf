import type { CallCommand, CommandOutcome } from '@ringdown/contracts';
import { AppError } from '@ringdown/core';
import type { SimulatedChannel } from './channel';
import { confirmed, ignoring } from './command-outcome';
import { seconds } from './scenarios/scenario';
import type { SimulatedSwitch } from './simulated-switch';

type RecordCall = Extract<CallCommand, { name: 'record_call' }>;

/** Recordings that were asked for, and their time limits. */
export class Recordings {
  private readonly limits = new Map<SimulatedChannel, NodeJS.Timeout>();

  constructor(private readonly switchBoard: SimulatedSwitch) {}

  /** Error: conflict when the call cannot be recorded, or is (or is not) already. */
  command(channel: SimulatedChannel, command: RecordCall): CommandOutcome {
    const { switchBoard } = this;
    const running = channel.recordingSince !== undefined;
    const action = command.action === 'toggle' ? (running ? 'stop' : 'start') : command.action;
    if (channel.answeredMs === undefined) throw new AppError('conflict', 'the call is not answered');
    if (action === 'start' && running) throw new AppError('conflict', 'the call is being recorded already');
    if (action !== 'start' && !running) throw new AppError('conflict', 'the call is not being recorded');
    switch (action) {
      case 'start':
        switchBoard.startRecording(channel);
        this.limit(channel, command.time_limit);
        return {
          ...confirmed('recording_started', channel.callId),
          ...ignoring(command, 'format', 'label', 'media_name'),
        };
      case 'stop':
        this.limit(channel, undefined);
        switchBoard.stopRecording(channel);
        return confirmed('recording_stopped', channel.callId);
      case 'mask':
        return confirmed('recording_masked', channel.callId);
      case 'unmask':
        return confirmed('recording_unmasked', channel.callId);
    }
  }

  private limit(channel: SimulatedChannel, limitS: number | undefined): void {
    clearTimeout(this.limits.get(channel));
    this.limits.delete(channel);
    if (limitS === undefined) return;
    this.limits.set(
      channel,
      setTimeout(() => {
        this.limits.delete(channel);
        this.switchBoard.stopRecording(channel);
      }, seconds(limitS)),
    );
  }

  /** The call is over. */
  forget(channel: SimulatedChannel): void {
    this.limit(channel, undefined);
  }
}
