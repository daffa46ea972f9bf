import type { CallCommand, CommandOutcome } from '@ringdown/contracts';
import { AppError, messageOf } from '@ringdown/core';
import { fieldError } from '../../domain/field-error';
import type { Leg } from '../state/leg';
import { actAndWatch, outcomeOf, type Switchboard } from './switchboard';

type RecordCall = Extract<CallCommand, { name: 'record_call' }>;

const FILE_NAME = /^[A-Za-z0-9_][A-Za-z0-9_-]{0,100}(?:\.[A-Za-z0-9]{1,8})?$/;

/** Recordings of calls on the switch's disk, by its MixMonitor. Proven by the switch's own event of each action. */
export class Recorder {
  /** By call id: the timer that ends the recording, if there is one. */
  private readonly running = new Map<string, NodeJS.Timeout | undefined>();

  constructor(private readonly board: Switchboard) {}

  async record(leg: Leg, command: RecordCall): Promise<CommandOutcome> {
    switch (command.action) {
      case 'start':
        return this.start(leg, command);
      case 'stop':
        return this.stop(leg);
      case 'toggle':
        return this.running.has(leg.callId) ? this.stop(leg) : this.start(leg, command);
      case 'mask':
      case 'unmask':
        return this.mask(leg, command.action === 'mask');
    }
  }

  /** The call has ended, and its recording with it. */
  forget(callId: string): void {
    clearTimeout(this.running.get(callId));
    this.running.delete(callId);
  }

  private async start(leg: Leg, command: RecordCall): Promise<CommandOutcome> {
    if (this.running.has(leg.callId)) {
      throw new AppError('conflict', `call ${leg.callId} is being recorded already`);
    }
    const name =
      command.media_name ?? `${leg.callId.replace(/[^A-Za-z0-9_-]/g, '_').slice(0, 60)}-${Date.now()}`;
    if (!FILE_NAME.test(name))
      throw fieldError('media_name', 'pattern', 'a file name of letters, digits, "_" and "-"');
    const file = `${name.replace(/\.[^.]*$/, '')}.wav`;
    const outcome = await this.act(leg, 'MixMonitorStart', 'MixMonitor', { File: file }, file);
    const { time_limit: limitS } = command;
    const timer =
      limitS === undefined
        ? undefined
        : setTimeout(() => {
            this.stop(leg).catch((error: unknown) =>
              this.board.logger.warn('a recording was not ended in time', { reason: messageOf(error) }),
            );
          }, limitS * 1_000).unref();
    this.running.set(leg.callId, timer);
    const ignored = [
      ...(command.format === 'mp3' ? ['format'] : []),
      ...(command.label === undefined ? [] : ['label']),
    ];
    return { ...outcome, ...(ignored.length === 0 ? {} : { ignored }) };
  }

  private async stop(leg: Leg): Promise<CommandOutcome> {
    const outcome = await this.act(leg, 'MixMonitorStop', 'StopMixMonitor', {});
    this.forget(leg.callId);
    return outcome;
  }

  private mask(leg: Leg, masked: boolean): Promise<CommandOutcome> {
    if (!this.running.has(leg.callId)) {
      throw new AppError('conflict', `call ${leg.callId} is not being recorded`);
    }
    const fields = { Direction: 'both', State: masked ? '1' : '0' };
    return this.act(leg, 'MixMonitorMute', 'MixMonitorMute', fields, masked ? 'masked' : 'unmasked');
  }

  private async act(
    leg: Leg,
    event: string,
    action: string,
    fields: Readonly<Record<string, string>>,
    detail?: string,
  ): Promise<CommandOutcome> {
    const seen = await actAndWatch(
      this.board,
      ({ message }) =>
        message?.event === event && message.get('Uniqueid') === leg.uniqueid ? true : undefined,
      () => this.board.session().action(action, { Channel: leg.name, ...fields }),
    );
    return outcomeOf(seen && { event, call_id: leg.callId, ...(detail === undefined ? {} : { detail }) });
  }
}
