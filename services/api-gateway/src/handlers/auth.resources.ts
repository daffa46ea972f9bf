import type { PrincipalDirectory } from '@ringdown/auth';
import { apiAuth, revokeToken, userAuth, type LoginResult, type UserAuthRequest } from '@ringdown/contracts';
import { AppError } from '@ringdown/core';
import { validator } from '@ringdown/http';
import Joi from 'joi';
import type { Rpc } from '../app/rpc';
import type { Answer, Resource } from '../crossbar/endpoint';
import type { AuthenticatedRequest } from '../front/request';

/** A login makes the server hash a password; it takes more of the rate limit than reading does. */
const LOGIN_COST = 5;

const userAuthData = validator<Omit<UserAuthRequest, 'client_ip'>>(
  Joi.object({
    account_name: Joi.string().max(256),
    account_realm: Joi.string().max(256),
    phone_number: Joi.string().max(64),
    username: Joi.string().max(256),
    password: Joi.string().max(1024),
    credentials: Joi.string().pattern(/^([0-9a-f]{32}|[0-9a-f]{40})$/i, 'hex of md5 or sha1'),
    method: Joi.string().valid('md5', 'sha'),
  })
    .xor('account_name', 'account_realm', 'phone_number')
    .xor('credentials', 'username')
    .and('username', 'password')
    .options({ stripUnknown: true }),
);

const apiAuthData = validator<{ api_key: string }>(
  Joi.object({ api_key: Joi.string().max(256).required() }).options({ stripUnknown: true }),
);

/** `user_auth`, `api_auth`, `token_auth`. */
export function authResources(
  rpc: Rpc,
  directory: Pick<PrincipalDirectory, 'account'>,
  clusterId: string,
): Resource[] {
  const loggedIn = (login: LoginResult): Answer => ({
    status: 201,
    authToken: login.auth_token,
    data: {
      account_id: login.account_id,
      ...(login.owner_id === undefined ? {} : { owner_id: login.owner_id }),
      account_name: login.account_name,
      language: login.language,
      is_master_account: login.is_master_account,
      is_reseller: login.is_master_account,
      apps: [],
      cluster_id: clusterId,
      // Unix seconds, as the token's own `exp`.
      expires_at: Math.floor(login.expires_at / 1000),
    },
  });

  return [
    {
      path: '/user_auth',
      methods: {
        PUT: {
          access: 'open-body',
          cost: LOGIN_COST,
          run: async (request, data) => {
            const login = userAuthData(data);
            return loggedIn(await rpc.ask(userAuth, { ...login, client_ip: request.clientIp }, request));
          },
        },
      },
    },
    {
      path: '/api_auth',
      methods: {
        PUT: {
          access: 'open-body',
          cost: LOGIN_COST,
          run: async (request, data) => {
            const { api_key } = apiAuthData(data);
            return loggedIn(await rpc.ask(apiAuth, { api_key, client_ip: request.clientIp }, request));
          },
        },
      },
    },
    {
      path: '/token_auth',
      methods: {
        GET: {
          access: 'token',
          run: async ({ principal }) => ({ data: await describeToken(principal, directory) }),
        },
        DELETE: {
          access: 'token',
          run: async (request) => {
            const { tokenId, expiresAtMs } = request.principal;
            if (tokenId === undefined || expiresAtMs === undefined) {
              throw new AppError('bad_request', 'an API key is not a token; delete the key to end its use');
            }
            await rpc.ask(
              revokeToken,
              { token_id: tokenId, expires_at: Math.ceil(expiresAtMs / 1000) },
              request,
            );
            return { data: {}, authToken: null };
          },
        },
      },
    },
  ];
}

async function describeToken(
  principal: AuthenticatedRequest['principal'],
  directory: Pick<PrincipalDirectory, 'account'>,
): Promise<Record<string, unknown>> {
  const account = await directory.account(principal.accountId);
  return {
    account_id: principal.accountId,
    ...(account === undefined ? {} : { account_name: account.name, account_realm: account.realm }),
    ...(principal.userId === undefined ? {} : { owner_id: principal.userId }),
    ...(principal.keyId === undefined ? {} : { key_id: principal.keyId }),
    ...(principal.tokenId === undefined ? {} : { token_id: principal.tokenId }),
    ...(principal.expiresAtMs === undefined ? {} : { exp: Math.floor(principal.expiresAtMs / 1000) }),
    is_admin: principal.isAdmin,
    is_superduper_admin: principal.isSuperAdmin,
  };
}
