import { apiAuth, revokeToken, userAuth } from '@ringdown/contracts';
import { AppError } from '@ringdown/core';
import { PARENT, USER_ID, principal } from '../testing/fake-directory';
import { GatewayFixture } from '../testing/gateway-fixture';

let fixture: GatewayFixture;

beforeEach(async () => {
  fixture = await GatewayFixture.start();
});

afterEach(() => fixture.stop());

describe('user_auth and api_auth', () => {
  const login = {
    auth_token: 'the-new-token',
    expires_at: 1_800_000_000_000,
    account_id: PARENT,
    account_name: 'acme',
    owner_id: USER_ID,
    is_master_account: false,
    language: 'en-us',
  };

  it('answer 201 with the token beside the data', async () => {
    fixture.answer(userAuth, () => login);

    const { status, envelope } = await fixture.call('PUT', '/v2/user_auth', {
      data: { username: 'bob', password: 'secret', account_name: 'acme', ui_metadata: { any: 'thing' } },
    });

    expect(status).toBe(201);
    expect(envelope).toMatchObject({
      auth_token: 'the-new-token',
      data: {
        account_id: PARENT,
        owner_id: USER_ID,
        account_name: 'acme',
        language: 'en-us',
        is_master_account: false,
        apps: [],
        expires_at: 1_800_000_000,
      },
    });
    expect(fixture.lastAsked.payload).toEqual({
      username: 'bob',
      password: 'secret',
      account_name: 'acme',
      client_ip: '127.0.0.1',
    });
  });

  it.each([
    [{ credentials: 'a'.repeat(32), method: 'md5', account_realm: 'acme.example.org' }],
    [{ credentials: 'A'.repeat(40), method: 'sha', account_name: 'acme' }],
    [{ credentials: 'a'.repeat(32), account_name: 'acme' }],
  ])('take the credentials of Kazoo: %j', async (data) => {
    fixture.answer(userAuth, () => login);

    expect((await fixture.call('PUT', '/v2/user_auth', { data })).status).toBe(201);
    expect(fixture.lastAsked.payload).toEqual({ ...data, client_ip: '127.0.0.1' });
  });

  it.each<[object, string]>([
    [{ username: 'bob', password: 'x' }, 'data'],
    [{ username: 'bob', account_name: 'acme' }, 'data'],
    [{ account_name: 'acme' }, 'data'],
    [{ username: 'bob', password: 'x', account_name: 'acme', account_realm: 'acme' }, 'data'],
    [{ username: 'bob', password: 'x', credentials: 'a'.repeat(32), account_name: 'acme' }, 'data'],
    [{ username: 1, password: 'x', account_name: 'acme' }, 'username'],
    [{ username: 'bob', password: ['x'], account_name: 'acme' }, 'password'],
    [{ username: 'bob', password: 'x', account_name: {} }, 'account_name'],
    [{ credentials: 'zz', account_name: 'acme' }, 'credentials'],
    [{ credentials: 'a'.repeat(32), method: 'plain', account_name: 'acme' }, 'method'],
  ])('refuse %j, naming %s', async (data, field) => {
    const { status, envelope } = await fixture.call('PUT', '/v2/user_auth', { data });

    expect(status).toBe(400);
    expect(envelope['message']).toBe('validation error');
    expect(envelope['data']).toHaveProperty([field]);
    expect(fixture.asked).toEqual([]);
  });

  it.each([
    ['unauthorized', 401, 'invalid_credentials'],
    ['locked', 423, 'locked'],
    ['rate_limited', 429, 'too_many_requests'],
  ] as const)('pass on %s as %i', async (code, status, message) => {
    fixture.fail(userAuth, new AppError(code, 'no'));

    const answer = await fixture.call('PUT', '/v2/user_auth', {
      data: { username: 'bob', password: 'x', account_name: 'acme' },
    });

    expect(answer.status).toBe(status);
    expect(answer.envelope['message']).toBe(message);
    expect(answer.envelope).not.toHaveProperty('auth_token');
  });

  it('exchange an API key for a token', async () => {
    fixture.answer(apiAuth, () => login);

    const { status, envelope } = await fixture.call('PUT', '/v2/api_auth', {
      data: { api_key: 'k'.repeat(64) },
    });

    expect(status).toBe(201);
    expect(envelope['auth_token']).toBe('the-new-token');
    expect(fixture.lastAsked.payload).toEqual({ api_key: 'k'.repeat(64), client_ip: '127.0.0.1' });
  });

  it('do not repeat an unknown API key', async () => {
    fixture.fail(apiAuth, new AppError('not_found', 'bad identifier', { details: { id: 'k'.repeat(64) } }));

    const { envelope, text } = await fixture.call('PUT', '/v2/api_auth', {
      data: { api_key: 'k'.repeat(64) },
    });

    expect(envelope).toMatchObject({ error: '404', message: 'bad identifier', data: [] });
    expect(text).not.toContain('kkkk');
  });
});

describe('token_auth', () => {
  it('tells what the token says', async () => {
    const { envelope } = await fixture.call('GET', '/v2/token_auth', { token: 'admin' });

    expect(envelope['data']).toEqual({
      account_id: PARENT,
      account_name: 'acme',
      account_realm: 'acme.example.org',
      owner_id: '2'.repeat(32),
      token_id: 'f'.repeat(32),
      exp: 2_000_000_000,
      is_admin: true,
      is_superduper_admin: false,
    });
  });

  it('is revoked by DELETE, whose answer does not repeat it', async () => {
    fixture.answer(revokeToken, () => ({}));

    const { status, envelope } = await fixture.call('DELETE', '/v2/token_auth', { token: 'admin' });

    expect(status).toBe(200);
    expect(envelope).not.toHaveProperty('auth_token');
    expect(fixture.lastAsked.payload).toEqual({ token_id: 'f'.repeat(32), expires_at: 2_000_000_000 });
  });

  it('cannot revoke what is no token', async () => {
    expect((await fixture.call('DELETE', '/v2/token_auth', { token: 'api-key' })).status).toBe(400);
  });

  it('a plain user may end its own session', async () => {
    fixture.directory.tokens.set('user', principal({ isAdmin: false, userId: USER_ID }));
    fixture.answer(revokeToken, () => ({}));

    expect((await fixture.call('DELETE', '/v2/token_auth', { token: 'user' })).status).toBe(200);
  });
});
