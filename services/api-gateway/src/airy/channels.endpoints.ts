import {
  CHAT_PLUGIN,
  connectMessagingChannel,
  disconnectMessagingChannel,
  listMessagingChannels,
  type ConnectChannelRequest,
} from '@ringdown/contracts';
import Joi from 'joi';
import type { Rpc } from '../app/rpc';
import type { JsonObject } from '../front/json-body';
import { bodyOf, id, label, link, optional } from './body-of';
import type { AccountRequest, AiryAnswer, AiryEndpoint } from './endpoint';

export const sourceName = Joi.string()
  .max(64)
  .pattern(/^[a-z0-9_]+(?:\.[a-z0-9_]+)*$/, 'source name');
const token = Joi.string()
  .max(4096)
  .pattern(/^[\x21-\x7e]+$/, 'token');

type Connect = Omit<ConnectChannelRequest, 'account_id'>;

/** What every source but the chat plugin takes beside its own names: where and how messages are delivered. */
const delivery = {
  image_url: optional(link),
  callback_url: optional(link),
  secret: optional(Joi.string().min(16).max(256)),
};

const connectBody = bodyOf<Connect>({
  source: sourceName.required(),
  source_channel_id: label.required(),
  name: optional(label),
  token: optional(token),
  ...delivery,
});
const disconnectBody = bodyOf<{ channel_id: string }>({ channel_id: id.required() });
const listBody = bodyOf<{ source?: string }>({ source: optional(sourceName) });

interface Named {
  readonly name: string;
  readonly image_url?: string;
  readonly callback_url?: string;
  readonly secret?: string;
  readonly token?: string;
}
const chatPlugin = bodyOf<Named>({ name: label.required(), image_url: optional(link) });
const facebook = bodyOf<Partial<Named> & { page_id: string; page_token: string }>({
  page_id: label.required(),
  page_token: token.required(),
  name: optional(label),
  ...delivery,
});
const google = bodyOf<Named & { gbm_id: string }>({
  gbm_id: label.required(),
  name: label.required(),
  token: optional(token),
  ...delivery,
});
const twilio = bodyOf<Named & { phone_number: string }>({
  phone_number: label.required(),
  name: label.required(),
  token: optional(token),
  ...delivery,
});

/** A source by the name it has in paths, with its own words for what a channel is. */
interface KnownSource {
  readonly path: string;
  readonly source: string;
  readonly read: (body: JsonObject) => Omit<Connect, 'source'>;
}

const knownSources: readonly KnownSource[] = [
  {
    path: 'chatplugin',
    source: CHAT_PLUGIN,
    read: (body) => {
      const channel = chatPlugin(body);
      return { ...channel, source_channel_id: channel.name };
    },
  },
  {
    path: 'facebook',
    source: 'facebook',
    read: (body) => {
      const { page_id, page_token, ...rest } = facebook(body);
      return { ...rest, source_channel_id: page_id, token: page_token };
    },
  },
  {
    path: 'google',
    source: 'google',
    read: (body) => {
      const { gbm_id, ...rest } = google(body);
      return { ...rest, source_channel_id: gbm_id };
    },
  },
  ...['twilio.sms', 'twilio.whatsapp'].map((source) => ({
    path: source,
    source,
    read: (body: JsonObject) => {
      const { phone_number, ...rest } = twilio(body);
      return { ...rest, source_channel_id: phone_number };
    },
  })),
];

/**
 * Channels: listed, connected and disconnected, under the general names and under those of each source, in the three
 * forms they had over time (`/channels.connect`, `/facebook.connect`, `/channels.facebook.connect`).
 */
export function channelEndpoints(rpc: Rpc): AiryEndpoint[] {
  const connect = async (request: AccountRequest, channel: Connect): Promise<AiryAnswer> => {
    const result = await rpc.ask(
      connectMessagingChannel,
      { ...channel, account_id: request.accountId },
      request,
    );
    // The secret is here exactly when it was made just now; nobody can ask for it again.
    return { body: { ...result.channel, ...(result.secret === undefined ? {} : { secret: result.secret }) } };
  };
  const disconnect = async (
    request: AccountRequest,
    body: JsonObject,
    source?: string,
  ): Promise<AiryAnswer> => {
    const { channel_id } = disconnectBody(body);
    const channel = {
      account_id: request.accountId,
      channel_id,
      ...(source === undefined ? {} : { source }),
    };
    const { already } = await rpc.ask(disconnectMessagingChannel, channel, request);
    return { status: already ? 202 : 200 };
  };

  return [
    {
      path: '/channels.list',
      access: 'account',
      right: 'read',
      run: async (request, body) => {
        const wanted = { ...listBody(body), account_id: request.accountId };
        const { data } = await rpc.ask(listMessagingChannels, wanted, request);
        return { body: { data } };
      },
    },
    {
      path: '/channels.connect',
      access: 'account',
      right: 'administer',
      run: (request, body) => connect(request, connectBody(body)),
    },
    {
      path: '/channels.disconnect',
      access: 'account',
      right: 'administer',
      run: (request, body) => disconnect(request, body),
    },
    ...knownSources.flatMap(({ path, source, read }) =>
      [`/${path}`, `/channels.${path}`].flatMap((prefix): AiryEndpoint[] => [
        {
          path: `${prefix}.connect`,
          access: 'account',
          right: 'administer',
          run: (request, body) => connect(request, { ...read(body), source }),
        },
        {
          path: `${prefix}.disconnect`,
          access: 'account',
          right: 'administer',
          run: (request, body) => disconnect(request, body, source),
        },
      ]),
    ),
  ];
}
