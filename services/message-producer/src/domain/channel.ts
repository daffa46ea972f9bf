import { CHAT_PLUGIN, type MessagingChannel } from '@ringdown/contracts';
import { nameId } from './uuid';

/** A place where contacts write. Secret, token and callback stay in here. */
export interface Channel {
  readonly id: string;
  readonly accountId: string;
  readonly source: string;
  readonly sourceChannelId: string;
  readonly name: string;
  readonly imageUrl: string | undefined;
  readonly connected: boolean;
  readonly callbackUrl: string | undefined;
  readonly token: string | undefined;
  readonly secret: string | undefined;
}

export function channelId(accountId: string, source: string, sourceChannelId: string): string {
  return nameId('channel', accountId, source, sourceChannelId);
}

/** Whether its contacts are visitors who are connected to this system itself. */
export function isChatPlugin(channel: Pick<Channel, 'source'>): boolean {
  return channel.source === CHAT_PLUGIN;
}

export function channelView(channel: Channel): MessagingChannel {
  return {
    id: channel.id,
    name: channel.name,
    source: channel.source,
    source_channel_id: channel.sourceChannelId,
    ...(channel.imageUrl === undefined ? {} : { image_url: channel.imageUrl }),
    connected: channel.connected,
  };
}
