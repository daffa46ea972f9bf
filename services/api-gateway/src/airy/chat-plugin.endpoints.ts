import { authenticateVisitor, describeVisitor, sendAsVisitor } from '@ringdown/contracts';
import { fieldError } from '@ringdown/http';
import Joi from 'joi';
import type { Rpc } from '../app/rpc';
import { bodyOf, id, optional } from './body-of';
import type { AiryEndpoint } from './endpoint';

/** A new visitor makes the server remember something, for somebody nobody vouches for. */
const AUTHENTICATE_COST = 5;

const authenticateBody = bodyOf<{ channel_id?: string; resume_token?: string }>({
  channel_id: optional(id),
  resume_token: optional(Joi.string().min(1).max(256)),
});
const sendBody = bodyOf<{ message: unknown }>({ message: Joi.any().invalid(null).required() });

/**
 * What the visitor of a web page may do: begin or resume one conversation, and write in it. Its token is opaque, known to
 * message-producer alone: it is no token of a user, and a user's is none of a visitor.
 */
export function chatPluginEndpoints(rpc: Rpc): AiryEndpoint[] {
  return [
    {
      path: '/chatplugin.authenticate',
      access: 'open',
      cost: AUTHENTICATE_COST,
      run: async (request, body) => {
        const { channel_id: given, resume_token: resumed } = authenticateBody(body);
        if (given === undefined && resumed === undefined) {
          throw fieldError('channel_id', 'required', 'channel_id or resume_token is required');
        }
        const channel_id = given ?? (await rpc.ask(describeVisitor, { token: resumed! }, request)).channel_id;
        const visitor = { channel_id, ...(resumed === undefined ? {} : { resume_token: resumed }) };
        const { token, session, messages } = await rpc.ask(authenticateVisitor, visitor, request);
        const { conversation_id } = session;
        const expires_at = Math.floor(session.expires_at / 1000);
        return { body: { token, messages, channel_id, conversation_id, expires_at } };
      },
    },
    {
      path: '/chatplugin.resumeToken',
      access: 'visitor',
      run: async (request) => {
        // The token itself resumes, as long as it lives.
        await rpc.ask(describeVisitor, { token: request.visitorToken }, request);
        return { body: { resume_token: request.visitorToken } };
      },
    },
    {
      path: '/chatplugin.send',
      access: 'visitor',
      run: async (request, body) => {
        const sent = { ...sendBody(body), token: request.visitorToken };
        const { message } = await rpc.ask(sendAsVisitor, sent, request);
        return { body: message };
      },
    },
  ];
}
