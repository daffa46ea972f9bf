import type { Clock } from '@ringdown/core';
import { channelDetailView, type ChannelState } from '@ringdown/contracts';

/** Lists of channels as JSON. The same list is written once, however many sockets are answered with it. */
export class ChannelTexts {
  private readonly written = new WeakMap<readonly ChannelState[], string>();

  constructor(private readonly clock: Clock) {}

  readonly render = (channels: readonly ChannelState[]): string => {
    let text = this.written.get(channels);
    if (text === undefined) {
      const nowMs = this.clock();
      text = JSON.stringify(channels.map((channel) => channelDetailView(channel, nowMs)));
      this.written.set(channels, text);
    }
    return text;
  };
}
