import type { RequestContext } from '@ringdown/broker';
import { CHAT_PLUGIN, type ConnectChannelRequest, type MessagingChannel } from '@ringdown/contracts';
import { randomHex } from '@ringdown/core';
import type { Writer } from '../app/writer';
import { channelId, channelView, isChatPlugin, type Channel } from '../domain/channel';
import { invalidField, notFound } from '../domain/errors';
import type { Stores } from '../ports';

type Context = Pick<RequestContext, 'requestId'>;

/** Channels: connected, changed, disconnected, listed. */
export class Channels {
  constructor(
    private readonly stores: Stores,
    private readonly writer: Writer,
  ) {}

  async list(request: {
    readonly account_id: string;
    readonly source?: string | undefined;
  }): Promise<{ data: readonly MessagingChannel[] }> {
    const channels = await this.stores.channels.list(request.account_id, request.source);
    return { data: channels.map(channelView) };
  }

  /** Errors: `validation_failed`. */
  async connect(
    request: ConnectChannelRequest,
    context: Context,
  ): Promise<{ channel: MessagingChannel; secret?: string }> {
    checkCallback(request);
    const { secret: _secret, token: _token, ...asked } = request;
    let secret: string | undefined;
    const { answer, replayed } = await this.writer.onceOrReplay(
      { keys: [context.requestId], asked: ['channels.connect', asked] },
      async (unit) => {
        const { channels } = unit.stores;
        const { channel, created } = await channels.claim(firstState(request), unit.nowMs);
        const known = created ? channel : changed(channel, request);
        secret = known.secret === undefined && !isChatPlugin(known) ? randomHex(64) : undefined;
        const next = secret === undefined ? known : { ...known, secret };
        await channels.update(next);
        unit.channelChanged(next);
        // The secret itself is not remembered with the answer.
        return { channel: channelView(next), made: secret !== undefined };
      },
    );
    if (!answer.made) return { channel: answer.channel };
    if (!replayed && secret !== undefined) return { channel: answer.channel, secret };
    // The first answer was lost and its secret with it: the channel gets a new one.
    const renewed = randomHex(64);
    await this.writer.run(async ({ stores }) => {
      const channel = await stores.channels.get(request.account_id, answer.channel.id, { lock: true });
      await stores.channels.update({ ...channel, secret: renewed });
    });
    return { channel: answer.channel, secret: renewed };
  }

  /** Errors: `not_found`. */
  async disconnect(
    request: {
      readonly account_id: string;
      readonly channel_id: string;
      readonly source?: string | undefined;
    },
    context: Context,
  ): Promise<{ already: boolean }> {
    return this.writer.once(
      { keys: [context.requestId], asked: ['channels.disconnect', request] },
      async (unit) => {
        const { channels } = unit.stores;
        const channel = await channels.get(request.account_id, request.channel_id, { lock: true });
        if (request.source !== undefined && request.source !== channel.source) throw notFound('channel');
        if (!channel.connected) return { already: true };
        const next = { ...channel, connected: false };
        await channels.update(next);
        unit.channelChanged(next);
        return { already: false };
      },
    );
  }
}

function firstState(request: ConnectChannelRequest): Channel {
  const { account_id: accountId, source, source_channel_id: sourceChannelId } = request;
  return {
    id: channelId(accountId, source, sourceChannelId),
    accountId,
    source,
    sourceChannelId,
    name: request.name ?? sourceChannelId,
    imageUrl: request.image_url,
    connected: true,
    callbackUrl: request.callback_url,
    token: request.token,
    secret: request.secret,
  };
}

/** What the request does not name stays as it was. */
function changed(channel: Channel, request: ConnectChannelRequest): Channel {
  return {
    ...channel,
    connected: true,
    name: request.name ?? channel.name,
    imageUrl: request.image_url ?? channel.imageUrl,
    callbackUrl: request.callback_url ?? channel.callbackUrl,
    token: request.token ?? channel.token,
    secret: request.secret ?? channel.secret,
  };
}

function checkCallback({ source, callback_url: callbackUrl }: ConnectChannelRequest): void {
  if (callbackUrl === undefined) return;
  if (source === CHAT_PLUGIN) {
    throw invalidField('callback_url', 'forbidden', 'Visitors of a chat plugin are connected here');
  }
  // What a URL parser takes is what is called later.
  const url = URL.canParse(callbackUrl) ? new URL(callbackUrl) : undefined;
  if (!url || !['http:', 'https:'].includes(url.protocol) || url.username !== '' || url.password !== '') {
    throw invalidField('callback_url', 'format', 'Must be an http or https URL without user and password');
  }
}
