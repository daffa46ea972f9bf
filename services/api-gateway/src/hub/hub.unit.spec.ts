import { connect } from 'node:net';
import {
  apiAuth,
  BLACKHOLE,
  clientIdOf,
  listHubClients,
  loginUser,
  newSocketId,
  unsubscribeHubClient,
  type HubClientInfo,
} from '@ringdown/contracts';
import { AppError } from '@ringdown/core';
import { PARENT, USER_ID, principal } from '../testing/fake-directory';
import { GatewayFixture, type Answered } from '../testing/gateway-fixture';

const ADMIN_ID = principal().userId!;
const KEY = 'ab'.repeat(32);
const PREFIXES = ['/api/v1', '/api', '/v1', ''];

let fixture: GatewayFixture;

beforeEach(async () => {
  fixture = await GatewayFixture.start();
});

afterEach(() => fixture.stop());

const json = (text: object) => ({ body: JSON.stringify(text) });
const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } });

function expectError({ status, envelope }: Answered, code: number, path?: string): void {
  expect(status).toBe(code);
  expect(Object.keys(envelope)).toEqual(['code', 'message', 'stack']);
  expect(envelope['code']).toBe(code);
  const stack = envelope['stack'] as Record<string, unknown>[];
  expect(stack.length).toBeGreaterThan(0);
  for (const fault of stack) {
    expect(fault).toEqual({
      code,
      description: expect.any(String) as string,
      error: expect.any(String) as string,
      path: path ?? (expect.any(String) as string),
    });
  }
}

describe('POST …/auth/token', () => {
  const login = {
    auth_token: 'the-token',
    expires_at: 1_900_000_000_500,
    account_id: PARENT,
    account_name: 'Acme',
    owner_id: USER_ID,
    is_master_account: false,
    language: 'en-us',
    user: { id: USER_ID, username: 'ann', first_name: 'Ann', last_name: 'Ray', email: 'ann@acme.example' },
  };
  const ann = { email: 'ann@acme.example', password: 'secret' };

  it.each(PREFIXES)('answers below "%s" with the token', async (prefix) => {
    fixture.answer(loginUser, () => login);

    const { status, envelope } = await fixture.call('POST', `${prefix}/auth/token`, json(ann));

    expect(status).toBe(200);
    expect(envelope).toEqual({ email: ann.email, token: 'the-token', expires_at: 1_900_000_000 });
    expect(fixture.lastAsked.payload).toEqual({ ...ann, client_ip: '127.0.0.1' });
  });

  it('takes a username with the name of its account', async () => {
    fixture.answer(loginUser, () => login);
    const body = { username: 'ann', account_name: 'Acme', password: 'secret' };

    expect((await fixture.call('POST', '/api/v1/auth/token', json(body))).status).toBe(200);
    expect(fixture.lastAsked.payload).toEqual({ ...body, client_ip: '127.0.0.1' });
  });

  it.each([
    [{}],
    [{ email: 'a@b.example' }],
    [{ username: 'ann', password: 'x' }],
    [{ email: 'a@b.example', username: 'ann', account_name: 'Acme', password: 'x' }],
    [{ email: 5, password: ['x'] }],
  ])('refuses %j', async (body) => {
    const answer = await fixture.call('POST', '/api/v1/auth/token', json(body));
    expectError(answer, 400);
    expect(fixture.asked).toEqual([]);
  });

  it.each([
    ['unauthorized', 401],
    ['locked', 403],
    ['rate_limited', 429],
    ['unavailable', 503],
  ] as const)('says %s as %i', async (code, status) => {
    fixture.fail(loginUser, new AppError(code, 'refused'));
    expectError(await fixture.call('POST', '/api/v1/auth/token', json(ann)), status, '/api/v1/auth/token');
  });
});

describe('a request that reaches no handler', () => {
  it.each([
    ['not JSON', 'POST', '/api/v1/auth/token', { body: '{' }, 400],
    ['an array', 'POST', '/api/v1/auth/token', { body: '[]' }, 400],
    [
      'another content type',
      'POST',
      '/v1/auth/token',
      { body: 'a=b', headers: { 'content-type': 'text/xml' } },
      400,
    ],
    ['too large', 'POST', '/auth/token', { body: JSON.stringify({ a: 'x'.repeat(70_000) }) }, 413],
    ['of another method', 'PUT', '/api/v1/auth/token', { body: '{}' }, 405],
    ['of another method', 'GET', '/ws/unsubscribe', {}, 405],
    ['of an unknown path', 'GET', '/api/v1/nothing', {}, 404],
    ['of a path that is none', 'GET', '/api/v1/%zz', {}, 404],
  ])('because it is %s (%s %s) gets the same body', async (_what, method, path, options, status) => {
    const answer = await fixture.call(method, path, options);
    expectError(answer, status);
    if (status === 405) expect(answer.headers.get('allow')).toContain('OPTIONS');
  });

  it('because it is not HTTP gets a body that clients of every dialect can read', async () => {
    const socket = connect(fixture.gateway.listener.port, '127.0.0.1');
    socket.end('NONSENSE\r\n\r\n');
    let text = '';
    for await (const chunk of socket) text += String(chunk);

    const body = JSON.parse(text.slice(text.indexOf('\r\n\r\n'))) as object;
    expect(body).toMatchObject({
      code: 400,
      message: expect.any(String) as string,
      stack: [{ code: 400 }],
      status: 'error',
      error: '400',
    });
  });

  it('may be asked about by a browser first', async () => {
    const { status, headers } = await fixture.call('OPTIONS', '/api/v1/ws/unsubscribe');
    expect(status).toBe(204);
    expect(headers.get('access-control-allow-headers')).toContain('x-api-key');
  });

  it('leaves the rest of /v1 as it was', async () => {
    expect((await fixture.call('GET', '/v1/accounts')).status).toBe(410);
  });
});

describe('who asks', () => {
  const clients = (options: { headers?: Record<string, string> }, path = '/api/v1/ws/clients') =>
    fixture.call('GET', path, options);
  const base64 = (text: string) => Buffer.from(text).toString('base64');

  beforeEach(() => {
    fixture.answer(apiAuth, ({ api_key }) => {
      if (api_key !== KEY) throw new AppError('not_found', 'bad identifier');
      return {
        auth_token: 'api-key',
        expires_at: 1,
        account_id: PARENT,
        account_name: 'Acme',
        is_master_account: false,
        language: 'en-us',
      };
    });
  });

  it.each([
    ['a bearer token', { authorization: 'Bearer admin' }],
    ['a bare token', { authorization: 'admin' }],
    ['an API key', { 'x-api-key': KEY }],
    ['base64 of id and key', { 'x-api-key': base64(`key:${KEY}`) }],
  ])('is said by %s', async (_how, headers) => {
    expect((await clients({ headers })).status).toBe(200);
  });

  it.each([
    ['nothing', {}],
    ['a wrong token', { authorization: 'Bearer wrong' }],
    ['a wrong token beside a good key', { authorization: 'Bearer wrong', 'x-api-key': KEY }],
    ['a wrong key', { 'x-api-key': 'wrong' }],
    ['the key of another id', { 'x-api-key': base64(`other:${KEY}`) }],
  ])('with %s is a 401', async (_how, headers) => {
    const answer = await clients({ headers: headers as Record<string, string> });
    expectError(answer, 401, '/api/v1/ws/clients');
    expect(answer.headers.get('www-authenticate')).toBe('Bearer');
  });

  it('is not said in the URL, unless a setting allows it, and never logged', async () => {
    expectError(await clients({}, '/api/v1/ws/clients?access_token=admin'), 401, '/api/v1/ws/clients');
    await fixture.stop();
    const lines: string[] = [];
    const log = (...line: unknown[]): void => void lines.push(JSON.stringify(line));
    const logger = { debug: log, info: log, warn: log, error: log, child: () => logger };
    fixture = await GatewayFixture.start({ wsHubTokenInQuery: true, logEvents: true }, { logger });

    expect((await clients({}, '/api/v1/ws/clients?access_token=admin')).status).toBe(200);
    expect(lines.join()).toContain('/api/v1/ws/clients');
    expect(lines.join()).not.toContain('access_token');
  });
});

describe('GET …/ws/subscribe without a handshake', () => {
  it.each(PREFIXES)('below "%s" is a 400, for who may ask at all', async (prefix) => {
    const path = `${prefix}/ws/subscribe`;
    expectError(await fixture.call('GET', path), 401, path);
    const answer = await fixture.call('GET', path, bearer('admin'));
    expectError(answer, 400, path);
    expect(answer.envelope['message']).toMatch(/^Failed to upgrade connection: /);
  });
});

describe('the sockets of the caller', () => {
  const first = newSocketId('aaaaaaaa');
  const second = newSocketId('bbbbbbbb');
  const clientId = clientIdOf(second);
  const info = (id: string, connectedAt: string): HubClientInfo => ({
    client_id: clientIdOf(id),
    subscriptions: ['call', 'global'],
    user_id: ADMIN_ID,
    account_id: PARENT,
    connected_at: connectedAt,
    source: '203.0.113.7',
    destination: `blackhole-${id.slice(0, 8)}`,
  });
  const unsubscribe = (body: object, token = 'admin', path = '/api/v1/ws/unsubscribe') =>
    fixture.call('POST', path, { ...bearer(token), ...json(body) });

  beforeEach(async () => {
    for (const tag of ['aaaaaaaa', 'bbbbbbbb']) {
      await fixture.serve(BLACKHOLE, [listHubClients, unsubscribeHubClient], `blackhole-${tag}`);
    }
    fixture.answer(listHubClients, () => ({ clients: [info(second, '2026-01-02T00:00:00.000Z')] }));
    // Instances hear of each other in their own time.
    for (;;) {
      const { envelope } = await fixture.call('GET', '/api/v1/ws/clients', bearer('admin'));
      if ((envelope['clients'] as unknown[]).length === 2) break;
    }
    fixture.asked.length = 0;
  });

  it.each(PREFIXES)('are listed below "%s", of all instances', async (prefix) => {
    let asked = 0;
    fixture.answer(listHubClients, () => ({
      clients: [info((asked += 1) === 1 ? second : first, `2026-01-0${3 - asked}T00:00:00.000Z`)],
    }));
    const { status, envelope } = await fixture.call('GET', `${prefix}/ws/clients`, bearer('user'));
    expect(status).toBe(200);
    expect(envelope).toEqual({
      clients: [info(first, '2026-01-01T00:00:00.000Z'), info(second, '2026-01-02T00:00:00.000Z')],
    });
    expect(fixture.asked.map(({ payload }) => payload)).toEqual([
      { account_id: PARENT, user_id: USER_ID },
      { account_id: PARENT, user_id: USER_ID },
    ]);
  });

  it.each(PREFIXES)('lose event types below "%s", on the instance the id leads to', async (prefix) => {
    fixture.answer(unsubscribeHubClient, ({ event_types }) => ({ removed: event_types, not_subscribed: [] }));
    const body = { client_id: clientId, event_types: ['CALL', 'object.doc_edited'], user_id: ADMIN_ID };

    const { status, envelope } = await unsubscribe(body, 'admin', `${prefix}/ws/unsubscribe`);

    expect(status).toBe(200);
    expect(envelope).toEqual({ message: 'OK', code: 200 });
    expect(fixture.asked).toMatchObject([
      {
        operation: unsubscribeHubClient.name,
        payload: {
          account_id: PARENT,
          user_id: ADMIN_ID,
          client_id: clientId,
          event_types: ['call', 'object.doc_edited'],
        },
      },
    ]);
  });

  it('may be named in a comma-separated text; unknown names beside known ones are ignored', async () => {
    fixture.answer(unsubscribeHubClient, ({ event_types }) => ({ removed: event_types, not_subscribed: [] }));
    const { envelope } = await unsubscribe({
      client_id: clientId.toUpperCase(),
      event_types: 'call, fax,pdfm',
    });
    expect(envelope).toEqual({ message: 'OK', code: 200 });
    expect(fixture.lastAsked.payload['event_types']).toEqual(['call', 'fax']);
    expect(fixture.lastAsked.payload['client_id']).toBe(clientId);
  });

  it('say in part what was done and what was not', async () => {
    fixture.answer(unsubscribeHubClient, () => ({ removed: ['call', 'fax'], not_subscribed: ['object'] }));
    const { status, envelope } = await unsubscribe({
      client_id: clientId,
      event_types: ['global', 'call', 'fax', 'object'],
    });
    expect(status).toBe(200);
    expect(envelope).toEqual({
      message:
        'cannot unsubscribe from global event type; not subscribed to event type object unsubscribed from: call, fax',
      code: 200,
    });
    expect(fixture.lastAsked.payload['event_types']).toEqual(['call', 'fax', 'object']);
  });

  it.each([
    ['a client id that is none', { client_id: 'string', event_types: ['call'] }, 'client_id'],
    ['no client id', { event_types: ['call'] }, 'client_id'],
    ['no event types', { client_id: clientId }, 'event_types'],
    ['an empty list', { client_id: clientId, event_types: [] }, 'event_types'],
    ['an empty text', { client_id: clientId, event_types: ' , ' }, 'event_types'],
    ['a number', { client_id: clientId, event_types: [5] }, 'event_types'],
    ['unknown names only', { client_id: clientId, event_types: ['pdfm', 'vm'] }, 'event_types'],
  ])('refuse %s', async (_what, body, path) => {
    expectError(await unsubscribe(body), 400, path);
    expect(fixture.asked).toEqual([]);
  });

  it('say what is valid when nothing was, with one fault for each name', async () => {
    const { envelope } = await unsubscribe({ client_id: clientId, event_types: ['pdfm', 'vm'] });
    expect(envelope['message']).toMatch(
      /^No valid event types to unsubscribe: invalid event type\(s\): pdfm, vm. Valid types are: global, /,
    );
    expect(envelope['stack']).toMatchObject([
      { description: 'invalid event type: pdfm' },
      { description: 'invalid event type: vm' },
    ]);
  });

  it('keep global, and refuse what they had not', async () => {
    const answer = await unsubscribe({ client_id: clientId, event_types: 'global' });
    expectError(answer, 400);
    expect(answer.envelope['message']).toBe('cannot unsubscribe from global event type');

    fixture.answer(unsubscribeHubClient, () => ({ removed: [], not_subscribed: ['call', 'fax'] }));
    const nothing = await unsubscribe({ client_id: clientId, event_types: ['call', 'fax'] });
    expectError(nothing, 400, 'event_types');
    expect(nothing.envelope['stack']).toMatchObject([
      { description: 'not subscribed to event type call' },
      { description: 'not subscribed to event type fax' },
    ]);
  });

  it('of somebody else, of nobody, and of an instance that is gone are all not there', async () => {
    fixture.fail(unsubscribeHubClient, new AppError('not_found', 'somebody else has it'));
    for (const id of [clientId, clientIdOf(newSocketId('bbbbbbbb')), clientIdOf(newSocketId('cccccccc'))]) {
      const answer = await unsubscribe({ client_id: id, event_types: ['call'] });
      expectError(answer, 404, '/api/v1/ws/unsubscribe');
      expect(answer.envelope['message']).toBe(`client ${id} does not exist`);
    }
  });

  it('are not had under another user id; an API key is its account', async () => {
    fixture.answer(unsubscribeHubClient, ({ event_types }) => ({ removed: event_types, not_subscribed: [] }));
    const body = { client_id: clientId, event_types: ['call'] };
    expectError(await unsubscribe({ ...body, user_id: USER_ID }), 403, '/api/v1/ws/unsubscribe');
    expectError(await unsubscribe({ ...body, user_id: 5 }), 400, 'user_id');
    expectError(await unsubscribe({ ...body, user_id: ADMIN_ID }, 'api-key'), 403);
    expect(fixture.asked).toEqual([]);
    expect((await unsubscribe({ ...body, user_id: PARENT }, 'api-key')).status).toBe(200);
    expect((await unsubscribe({ ...body, user_id: '' })).status).toBe(200);
  });

  it('cannot be asked about without credentials', async () => {
    const answer = await fixture.call('POST', '/api/v1/ws/unsubscribe', json({ client_id: clientId }));
    expectError(answer, 401, '/api/v1/ws/unsubscribe');
  });
});
