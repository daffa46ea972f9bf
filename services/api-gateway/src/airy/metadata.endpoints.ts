import { removeMetadata, setMetadata } from '@ringdown/contracts';
import Joi from 'joi';
import type { Rpc } from '../app/rpc';
import { bodyOf, id } from './body-of';
import type { AiryEndpoint } from './endpoint';

const key = Joi.string()
  .max(256)
  .pattern(/^(?!(?:.*\.)?__proto__(?:\.|$))[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+){0,7}$/, 'metadata key')
  .required();
const keyBody = bodyOf<{ conversation_id: string; key: string }>({ conversation_id: id.required(), key });
const setBody = bodyOf<{ conversation_id: string; key: string; value: string | number | boolean }>({
  conversation_id: id.required(),
  key,
  value: Joi.alternatives(Joi.string().allow('').max(4096), Joi.number(), Joi.boolean()).required(),
});

/** What is noted about a conversation. The dots of a key are levels. */
export function metadataEndpoints(rpc: Rpc): AiryEndpoint[] {
  return [
    {
      path: '/metadata.set',
      access: 'account',
      right: 'read',
      run: async (request, body) => {
        await rpc.ask(setMetadata, { ...setBody(body), account_id: request.accountId }, request);
        return {};
      },
    },
    {
      path: '/metadata.remove',
      access: 'account',
      right: 'read',
      run: async (request, body) => {
        await rpc.ask(removeMetadata, { ...keyBody(body), account_id: request.accountId }, request);
        return {};
      },
    },
  ];
}
