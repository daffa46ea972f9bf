import { loginUser } from '@ringdown/contracts';
import { validator } from '@ringdown/http';
import Joi from 'joi';
import type { Rpc } from '../app/rpc';
import type { HubResource } from './endpoint';

/** A login makes the server hash a password; it takes more of the rate limit than reading does. */
const LOGIN_COST = 5;

const loginData = validator<{
  readonly email?: string;
  readonly username?: string;
  readonly account_name?: string;
  readonly password: string;
}>(
  Joi.object({
    email: Joi.string().max(256),
    username: Joi.string().max(256),
    account_name: Joi.string().max(256),
    password: Joi.string().max(1024).required(),
  })
    .xor('email', 'username')
    .with('username', 'account_name')
    .options({ stripUnknown: true }),
);

/** `POST /auth/token`: a token for e-mail address, or username and account name, and password. */
export function authTokenResource(rpc: Rpc): HubResource {
  return {
    path: '/auth/token',
    methods: {
      POST: {
        access: 'open',
        cost: LOGIN_COST,
        run: async (request, body) => {
          const login = await rpc.ask(
            loginUser,
            { ...loginData(body), client_ip: request.clientIp },
            request,
          );
          return {
            body: {
              email: login.user.email ?? '',
              token: login.auth_token,
              // Unix seconds, as the token's own `exp`.
              expires_at: Math.floor(login.expires_at / 1000),
            },
          };
        },
      },
    },
  };
}
