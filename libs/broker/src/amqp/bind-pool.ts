import type { Channel, ChannelModel } from 'amqplib';
import { AppError } from '@ringdown/core';
import { refusalCode } from './amqp-errors';

/** A channel answers one operation at a time; this many work on thousands of bindings at once. */
const LANES = 8;

interface Lane {
  channel: Promise<Channel> | undefined;
  last: Promise<unknown>;
  queued: number;
}

/**
 * Channels for binding and unbinding. An operation the broker refuses costs its channel; it fails alone, because each
 * lane sends the next only after the answer, and opens a new channel for it.
 */
export class BindPool {
  private model: ChannelModel | undefined;
  private lanes: Lane[] = [];

  attach(model: ChannelModel): void {
    this.model = model;
    this.lanes = Array.from({ length: LANES }, () => ({
      channel: undefined,
      last: Promise.resolve(),
      queued: 0,
    }));
  }

  detach(): void {
    this.model = undefined;
    this.lanes = [];
  }

  /** Errors: what the broker refused (with its numeric `code`), or `unavailable`. */
  async run(operation: (channel: Channel) => Promise<unknown>): Promise<void> {
    const model = this.model;
    const lane = this.lanes.reduce<Lane | undefined>(
      (best, it) => (best === undefined || it.queued < best.queued ? it : best),
      undefined,
    );
    if (model === undefined || lane === undefined) throw new AppError('unavailable', 'not connected');
    lane.queued += 1;
    const turn = lane.last.then(() => this.runIn(lane, model, operation));
    lane.last = turn.catch(() => undefined);
    try {
      await turn;
    } finally {
      lane.queued -= 1;
    }
  }

  private async runIn(
    lane: Lane,
    model: ChannelModel,
    operation: (channel: Channel) => Promise<unknown>,
  ): Promise<void> {
    if (this.model !== model) throw new AppError('unavailable', 'connection lost');
    try {
      lane.channel ??= openLane(model);
      await operation(await lane.channel);
    } catch (error) {
      lane.channel = undefined;
      if (refusalCode(error) !== undefined) throw error;
      throw new AppError('unavailable', 'connection lost', { cause: error });
    }
  }
}

async function openLane(model: ChannelModel): Promise<Channel> {
  const channel = await model.createChannel();
  // The failed operation tells its caller; without a listener the event would be thrown.
  channel.on('error', () => undefined);
  return channel;
}
