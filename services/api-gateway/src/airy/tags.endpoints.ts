import { createTag, deleteTag, listTags, updateTag } from '@ringdown/contracts';
import Joi from 'joi';
import type { Rpc } from '../app/rpc';
import { bodyOf, id, label, optional } from './body-of';
import type { AiryEndpoint } from './endpoint';

const color = Joi.string()
  .max(32)
  .pattern(/^[A-Za-z0-9_#-]+$/, 'color');
const createBody = bodyOf<{ name: string; color: string }>({
  name: label.required(),
  color: color.required(),
});
const updateBody = bodyOf<{ id: string; name?: string; color?: string }>({
  id: id.required(),
  name: optional(label),
  color: optional(color),
});
const deleteBody = bodyOf<{ id: string }>({ id: id.required() });

/** The tags of an account, which its conversations may have. */
export function tagEndpoints(rpc: Rpc): AiryEndpoint[] {
  return [
    {
      path: '/tags.create',
      access: 'account',
      right: 'read',
      run: async (request, body) => {
        const tag = { ...createBody(body), account_id: request.accountId };
        const created = await rpc.ask(createTag, tag, request);
        return { status: 201, body: { id: created.id } };
      },
    },
    {
      path: '/tags.list',
      access: 'account',
      right: 'read',
      run: async (request) => {
        const { tags } = await rpc.ask(listTags, { account_id: request.accountId }, request);
        return { body: { tags } };
      },
    },
    {
      path: '/tags.update',
      access: 'account',
      right: 'read',
      run: async (request, body) => {
        await rpc.ask(updateTag, { ...updateBody(body), account_id: request.accountId }, request);
        return {};
      },
    },
    {
      path: '/tags.delete',
      access: 'account',
      right: 'read',
      run: async (request, body) => {
        await rpc.ask(deleteTag, { ...deleteBody(body), account_id: request.accountId }, request);
        return {};
      },
    },
  ];
}
