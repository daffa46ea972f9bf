import { getDocument, userAuth } from '@ringdown/contracts';
import { AppError } from '@ringdown/core';
import { CHILD, NOWHERE, PARENT, STRANGER, USER_ID } from '../testing/fake-directory';
import { GatewayFixture } from '../testing/gateway-fixture';
import { bob, startWithBob, user, users } from '../testing/gateway-with-bob';

let fixture: GatewayFixture;

beforeEach(async () => {
  fixture = await startWithBob();
});

afterEach(() => fixture.stop());

describe('paths and methods', () => {
  it.each([
    ['/v2', 404, 'not_found'],
    ['/v2/nothing', 404, 'not_found'],
    [`/v2/accounts/${PARENT}/nothing`, 404, 'not_found'],
    [`/v2/accounts/${PARENT}/messages`, 404, 'not_found'],
    ['/elsewhere', 404, 'not_found'],
    ['/v1/websockets', 410, 'gone'],
    ['/v1', 410, 'gone'],
    [`/v2/accounts/${PARENT}/users/%E0%A4%A`, 400, 'bad request'],
    [`/v2/accounts/%`, 400, 'bad request'],
  ])('answers %s with %i %s', async (path, status, message) => {
    const answer = await fixture.call('GET', path, { token: 'admin' });

    expect(answer.status).toBe(status);
    expect(answer.envelope).toMatchObject({ status: 'error', error: String(status), message });
  });

  it.each([
    ['PUT', '/v2/websockets', 'GET, HEAD, OPTIONS'],
    ['POST', `/v2/accounts/${PARENT}/websockets`, 'GET, HEAD, OPTIONS'],
    ['PUT', `/v2/accounts/${PARENT}/websockets`, 'GET, HEAD, OPTIONS'],
    ['PATCH', `/v2/accounts/${PARENT}/websockets/${USER_ID}`, 'GET, HEAD, DELETE, OPTIONS'],
    ['GET', '/v2/user_auth', 'PUT, OPTIONS'],
    ['HEAD', '/v2/user_auth', 'PUT, OPTIONS'],
    ['DELETE', users, 'GET, HEAD, PUT, OPTIONS'],
    ['PUT', user, 'GET, HEAD, POST, PATCH, DELETE, OPTIONS'],
    ['PROPFIND', user, 'GET, HEAD, POST, PATCH, DELETE, OPTIONS'],
    ['GET', `/v2/accounts/${PARENT}/events`, 'POST, OPTIONS'],
  ])(
    'answers %s %s with 405 and the methods there are, even without a token',
    async (method, path, allow) => {
      const { status, headers, envelope } = await fixture.call(method, path);

      expect(status).toBe(405);
      expect(headers.get('allow')).toBe(allow);
      if (method !== 'HEAD') expect(envelope).toMatchObject({ error: '405', message: 'invalid_method' });
    },
  );

  it('ignores X-HTTP-Method-Override', async () => {
    await fixture.call('GET', user, { token: 'admin', headers: { 'x-http-method-override': 'DELETE' } });

    expect(fixture.lastAsked.operation).toBe('documents.get');
  });
});

describe('CORS', () => {
  it.each([[user], ['/v2/websockets'], ['/v2/nothing'], [`/v2/accounts/${STRANGER}/users`]])(
    'lets a browser ask before it asks, without a token: OPTIONS %s',
    async (path) => {
      const { status, headers, text } = await fixture.call('OPTIONS', path);

      expect({ status, text }).toEqual({ status: 204, text: '' });
      expect(headers.get('access-control-allow-origin')).toBe('*');
      expect(headers.get('access-control-allow-headers')).toContain('x-auth-token');
      expect(headers.get('access-control-allow-headers')).toContain('authorization');
      expect(headers.get('access-control-max-age')).toBe('86400');
    },
  );

  it('names the methods of the resource', async () => {
    const { headers } = await fixture.call('OPTIONS', users);

    expect(headers.get('access-control-allow-methods')).toBe('GET, HEAD, PUT, OPTIONS');
    expect(headers.get('allow')).toBe('GET, HEAD, PUT, OPTIONS');
  });

  it.each([
    ['a success', 'GET', '/v2/websockets'],
    ['401', 'GET', user],
    ['404', 'GET', '/v2/nothing'],
    ['405', 'PUT', '/v2/websockets'],
  ])('has its headers on %s', async (_name, method, path) => {
    const { headers } = await fixture.call(method, path);

    expect(headers.get('access-control-allow-origin')).toBe('*');
    expect(headers.get('access-control-expose-headers')).toContain('x-request-id');
  });
});

describe('tokens', () => {
  it.each<[string, Record<string, string>]>([
    ['X-Auth-Token', { 'x-auth-token': 'admin' }],
    ['Authorization with Bearer', { authorization: 'Bearer admin' }],
    ['Authorization with the bare token', { authorization: 'admin' }],
  ])('are accepted in %s', async (_name, headers) => {
    expect((await fixture.call('GET', user, { headers })).status).toBe(200);
  });

  it.each<[string, string, Record<string, string>]>([
    ['none', user, {}],
    ['an unknown one', user, { 'x-auth-token': 'guessed' }],
    ['a Basic authorization', user, { authorization: 'Basic YWRtaW46YWRtaW4=' }],
    ['one in the URL', `${user}?auth_token=admin`, {}],
  ])('%s is 401 with exactly the text of Kazoo', async (_name, path, headers) => {
    const { status, envelope } = await fixture.call('GET', path, { headers });

    expect(status).toBe(401);
    expect(envelope).toMatchObject({
      data: { message: 'invalid credentials' },
      error: '401',
      message: 'invalid_credentials',
      status: 'error',
    });
  });

  it('are not judged while access cannot be decided: 503, never allowed', async () => {
    fixture.directory.failure = new AppError('unavailable', 'authorization unavailable, try again');

    const { status, envelope, headers } = await fixture.call('GET', user, { token: 'admin' });

    expect(status).toBe(503);
    expect(envelope['data']).toEqual({ message: 'authorization unavailable, try again' });
    expect(headers.get('retry-after')).toBe('1');
    expect(fixture.asked).toEqual([]);
  });
});

describe('rights', () => {
  const list = (account: string): string => `/v2/accounts/${account}/users`;

  it.each([
    ['an administrator reads its own account', 'admin', 'GET', list(PARENT), 200],
    ['an administrator reads a descendant', 'admin', 'GET', list(CHILD), 200],
    ['an administrator writes in a descendant', 'admin', 'PUT', list(CHILD), 201],
    ['an API key administers its account', 'api-key', 'PUT', list(PARENT), 201],
    ['an administrator does not see a stranger', 'admin', 'GET', list(STRANGER), 403],
    ['an account that does not exist looks like a stranger', 'admin', 'GET', list(NOWHERE), 403],
    ['an id that can be none looks like a stranger', 'admin', 'GET', list('x'), 403],
    ['a child does not see its parent', 'child-admin', 'GET', list(PARENT), 403],
    ['the super admin sees everybody', 'root', 'GET', list(STRANGER), 200],
    ['the super admin is told that an account does not exist', 'root', 'GET', list(NOWHERE), 404],
    ['a plain user reads its own account', 'user', 'GET', list(PARENT), 200],
    ['a plain user reads one document', 'user', 'GET', user, 200],
    ['a plain user does not read a descendant', 'user', 'GET', list(CHILD), 403],
    ['a plain user creates nothing', 'user', 'PUT', list(PARENT), 403],
    ['a plain user deletes nothing, not even itself', 'user', 'DELETE', user, 403],
    ['a plain user changes itself', 'user', 'PATCH', user, 200],
    ['a plain user changes no other user', 'user', 'PATCH', `${users}/${'9'.repeat(32)}`, 403],
    [
      'a plain user changes no device that has its id',
      'user',
      'PATCH',
      `/v2/accounts/${PARENT}/devices/${USER_ID}`,
      403,
    ],
    ['a plain user does not change the account', 'user', 'PATCH', `/v2/accounts/${PARENT}`, 403],
    ['a plain user sees no API keys', 'user', 'GET', `/v2/accounts/${PARENT}/api_keys`, 403],
    ['a plain user sees no descendants', 'user', 'GET', `/v2/accounts/${PARENT}/descendants`, 403],
    ['a plain user publishes no events', 'user', 'POST', `/v2/accounts/${PARENT}/events`, 403],
    ['a plain user closes no sockets', 'user', 'DELETE', `/v2/accounts/${PARENT}/websockets/${USER_ID}`, 403],
  ])('%s', async (_name, token, method, path, status) => {
    const data = ['PUT', 'POST', 'PATCH'].includes(method) ? { data: { first_name: 'Bob' } } : {};

    const answer = await fixture.call(method, path, { token, ...data });

    expect(answer.status).toBe(status);
    if (status === 403) {
      expect(answer.envelope).toMatchObject({ message: 'forbidden', data: { message: 'forbidden' } });
      expect(fixture.asked).toEqual([]);
    }
    if (status === 404) expect(answer.envelope).toMatchObject({ message: 'bad identifier', data: [NOWHERE] });
  });

  it('a missing account is named, not the document that was asked for in it', async () => {
    const { envelope } = await fixture.call('GET', `${list(NOWHERE)}/${USER_ID}`, { token: 'root' });

    expect(envelope).toMatchObject({ error: '404', message: 'bad identifier', data: [NOWHERE] });
  });

  it.each([
    ['POST', { priv_level: 'admin' }, 403],
    ['PATCH', { priv_level: 'admin' }, 403],
    ['PATCH', { priv_level: null }, 403],
    ['PATCH', { enabled: false }, 403],
    ['POST', { priv_level: 'user', enabled: true, first_name: 'Bob' }, 200],
  ])('a plain user that does %s of itself with %j gets %i', async (method, data, status) => {
    const answer = await fixture.call(method, user, { token: 'user', data });

    expect(answer.status).toBe(status);
    expect(fixture.asked).toHaveLength(status === 403 ? 0 : 1);
  });
});

describe('the rate limit', () => {
  it('answers 429 and when to come back, per account', async () => {
    await fixture.stop();
    fixture = await GatewayFixture.start({ apiRateCapacity: 3, apiRatePerSecond: 1 }, { clock: () => 0 });
    fixture.answer(getDocument, () => bob);
    for (let i = 0; i < 3; i += 1) {
      expect((await fixture.call('GET', user, { token: 'admin' })).status).toBe(200);
    }

    const refused = await fixture.call('GET', user, { token: 'admin' });

    expect(refused.status).toBe(429);
    expect(refused.envelope).toMatchObject({ error: '429', message: 'too_many_requests' });
    expect(refused.headers.get('retry-after')).toBe('1');
    expect((await fixture.call('GET', user, { token: 'root' })).status).toBe(200);
  });

  it('makes a login dearer than a request, and guessing tokens cost the guesser only', async () => {
    await fixture.stop();
    fixture = await GatewayFixture.start({ apiRateCapacity: 7, apiRatePerSecond: 1 }, { clock: () => 0 });
    fixture.answer(getDocument, () => bob);
    fixture.fail(userAuth, new AppError('unauthorized', 'no'));
    const login = { data: { username: 'a', password: 'b', account_name: 'c' } };

    expect((await fixture.call('PUT', '/v2/user_auth', login)).status).toBe(401);
    expect((await fixture.call('PUT', '/v2/user_auth', login)).status).toBe(429);
    expect((await fixture.call('GET', user, { token: 'guess' })).status).toBe(401);
    expect((await fixture.call('GET', user, { token: 'guess' })).status).toBe(401);
    expect((await fixture.call('GET', user, { token: 'guess' })).status).toBe(429);
    expect((await fixture.call('GET', user, { token: 'admin' })).status).toBe(200);
  });

  it('takes the address from X-Forwarded-For of a trusted proxy only', async () => {
    const from = {
      data: { username: 'a', password: 'b', account_name: 'c' },
      headers: { 'x-forwarded-for': '203.0.113.7' },
    };
    await fixture.call('PUT', '/v2/user_auth', from);
    expect(fixture.lastAsked.payload['client_ip']).toBe('127.0.0.1');
    await fixture.stop();
    fixture = await GatewayFixture.start({ trustProxy: ['127.0.0.0/8'] });

    await fixture.call('PUT', '/v2/user_auth', from);

    expect(fixture.lastAsked.payload['client_ip']).toBe('203.0.113.7');
  });
});
