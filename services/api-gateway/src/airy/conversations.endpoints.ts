import {
  getConversation,
  listConversations,
  listMessages,
  readConversation,
  sendMessage,
  tagConversation,
  untagConversation,
} from '@ringdown/contracts';
import { fieldError } from '@ringdown/http';
import Joi from 'joi';
import type { Rpc } from '../app/rpc';
import type { JsonObject } from '../front/json-body';
import { bodyOf, id, optional } from './body-of';
import type { AccountRequest, AiryEndpoint } from './endpoint';

interface Page {
  readonly cursor?: string;
  readonly page_size?: number;
}
/** Clients send a cursor back as they got it, which is null or empty at the ends. */
const page = {
  cursor: Joi.string().max(128).empty(Joi.valid(null, '')),
  page_size: optional(Joi.number().integer().min(1).max(100)),
};

const listBody = bodyOf<Page & { filters?: unknown }>({ ...page, filters: Joi.any() });
const conversationBody = bodyOf<{ conversation_id: string }>({ conversation_id: id.required() });
const tagBody = bodyOf<{ conversation_id: string; tag_id: string }>({
  conversation_id: id.required(),
  tag_id: id.required(),
});
const messagesBody = bodyOf<Page & { conversation_id: string }>({ conversation_id: id.required(), ...page });
const sendBody = bodyOf<{ conversation_id: string; message: unknown }>({
  conversation_id: id.required(),
  message: Joi.any().invalid(null).required(),
});

/** Conversations and their messages. */
export function conversationEndpoints(rpc: Rpc): AiryEndpoint[] {
  const conversation = (request: AccountRequest, body: JsonObject) => ({
    ...conversationBody(body),
    account_id: request.accountId,
  });
  const tag = (request: AccountRequest, body: JsonObject) => ({
    ...tagBody(body),
    account_id: request.accountId,
  });
  const read =
    (status: number, empty: object | null): AiryEndpointRun =>
    async (request, body) => {
      await rpc.ask(readConversation, conversation(request, body), request);
      return { status, body: empty };
    };

  return [
    {
      path: '/conversations.list',
      access: 'account',
      right: 'read',
      run: async (request, body) => {
        const { filters, ...position } = listBody(body);
        // Left out silently, a filter would show conversations that were not asked for.
        if (filters !== undefined && filters !== null && filters !== '') {
          throw fieldError('filters', 'invalid', 'filters are not supported');
        }
        const wanted = { ...position, account_id: request.accountId };
        return { body: await rpc.ask(listConversations, wanted, request) };
      },
    },
    {
      path: '/conversations.info',
      access: 'account',
      right: 'read',
      run: async (request, body) => ({
        body: await rpc.ask(getConversation, conversation(request, body), request),
      }),
    },
    { path: '/conversations.read', access: 'account', right: 'read', run: read(202, {}) },
    { path: '/conversations.mark-read', access: 'account', right: 'read', run: read(204, null) },
    {
      path: '/conversations.tag',
      access: 'account',
      right: 'read',
      run: async (request, body) => {
        await rpc.ask(tagConversation, tag(request, body), request);
        return { status: 202 };
      },
    },
    {
      path: '/conversations.untag',
      access: 'account',
      right: 'read',
      run: async (request, body) => {
        await rpc.ask(untagConversation, tag(request, body), request);
        return { status: 202 };
      },
    },
    {
      path: '/messages.list',
      access: 'account',
      right: 'read',
      run: async (request, body) => {
        const wanted = { ...messagesBody(body), account_id: request.accountId };
        return { body: await rpc.ask(listMessages, wanted, request) };
      },
    },
    {
      path: '/messages.send',
      access: 'account',
      right: 'read',
      run: async (request, body) => {
        const { userId } = request.principal;
        const message = {
          ...sendBody(body),
          account_id: request.accountId,
          ...(userId === undefined ? {} : { user_id: userId }),
        };
        return { body: await rpc.ask(sendMessage, message, request) };
      },
    },
  ];
}

type AiryEndpointRun = Extract<AiryEndpoint, { access: 'account' }>['run'];
