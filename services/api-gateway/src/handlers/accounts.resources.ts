import { createAccount, createApiKey, deleteApiKey, listAccounts, listApiKeys } from '@ringdown/contracts';
import { validator } from '@ringdown/http';
import Joi from 'joi';
import type { Access } from '../app/access';
import { actorOf } from '../app/actor';
import { listAll } from '../app/list-all';
import type { Rpc } from '../app/rpc';
import type { Resource } from '../crossbar/endpoint';
import type { AuthenticatedRequest } from '../front/request';
import { pagingOnly } from '../crossbar/list-query';
import { idempotency, idOf, itemResource, shown } from './documents.resources';

const apiKeyData = validator<{ name?: string }>(
  Joi.object({ name: Joi.string().max(128) }).options({ stripUnknown: true }),
);

/** Accounts, their place in the tree, and their API keys. */
export function accountResources(rpc: Rpc, access: Access): Resource[] {
  const administer = ({ principal, params }: AuthenticatedRequest): Promise<void> =>
    access.toAdminister(principal, params['account_id']!);
  const accountId = (request: AuthenticatedRequest): string => request.params['account_id']!;
  const account = itemResource(rpc, access, 'account', '/accounts/:account_id', (request) => ({
    account_id: accountId(request),
    type: 'account',
    id: accountId(request),
  }));
  const subtree = (scope: 'children' | 'descendants'): Resource => ({
    path: `/accounts/:account_id/${scope}`,
    methods: {
      GET: {
        access: 'token',
        authorize: administer,
        run: (request) =>
          listAll(request, (query) =>
            rpc.ask(listAccounts, { account_id: accountId(request), scope, query }, request),
          ),
      },
    },
  });

  return [
    {
      path: account.path,
      methods: {
        ...account.methods,
        PUT: {
          access: 'token-body',
          authorize: administer,
          run: async (request, data) => {
            const result = await rpc.ask(
              createAccount,
              { account_id: accountId(request), actor: actorOf(request), data, ...idempotency(request) },
              request,
            );
            return { ...shown(result), status: 201, headers: { location: `/v2/accounts/${result.doc.id}` } };
          },
        },
      },
    },
    subtree('children'),
    subtree('descendants'),
    {
      path: '/accounts/:account_id/api_keys',
      methods: {
        GET: {
          access: 'token',
          authorize: administer,
          run: (request) =>
            listAll(request, (query) =>
              rpc.ask(listApiKeys, { account_id: accountId(request), query: pagingOnly(query) }, request),
            ),
        },
        PUT: {
          access: 'token-body',
          authorize: administer,
          run: async (request, data) => {
            const { name } = apiKeyData(data);
            const result = await rpc.ask(
              createApiKey,
              {
                account_id: accountId(request),
                actor: actorOf(request),
                data: { ...(name === undefined ? {} : { name }) },
              },
              request,
            );
            const location = `/v2/accounts/${accountId(request)}/api_keys/${result.doc.id}`;
            return { ...shown(result), status: 201, headers: { location } };
          },
        },
      },
    },
    {
      path: '/accounts/:account_id/api_keys/:id',
      methods: {
        DELETE: {
          access: 'token',
          authorize: administer,
          run: async (request) => {
            const id = idOf(request.params['id']!);
            return shown(
              await rpc.ask(
                deleteApiKey,
                { account_id: accountId(request), id, actor: actorOf(request) },
                request,
              ),
            );
          },
        },
      },
    },
  ];
}
