import { loginUser } from '@ringdown/contracts';
import Joi from 'joi';
import type { Rpc } from '../app/rpc';
import { bodyOf } from './body-of';
import type { AiryEndpoint } from './endpoint';

/** A login makes the server hash a password; it takes more of the rate limit than reading does. */
const LOGIN_COST = 5;

const loginBody = bodyOf<{ email: string; password: string }>({
  email: Joi.string().max(256).required(),
  password: Joi.string().max(1024).required(),
});

/** `users.login`: an e-mail address and a password for a token, the same kind that `/v2/user_auth` gives. */
export function userEndpoints(rpc: Rpc): AiryEndpoint[] {
  return [
    {
      path: '/users.login',
      access: 'open',
      cost: LOGIN_COST,
      run: async (request, body) => {
        const login = { ...loginBody(body), client_ip: request.clientIp };
        const { user, auth_token: token } = await rpc.ask(loginUser, login, request);
        return { body: { id: user.id, first_name: user.first_name, last_name: user.last_name, token } };
      },
    },
  ];
}
