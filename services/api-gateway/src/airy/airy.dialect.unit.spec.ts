import { loginUser, sendAsVisitor, listMessagingChannels } from '@ringdown/contracts';
import { AppError } from '@ringdown/core';
import { CHILD, NOWHERE, PARENT, ROOT, STRANGER } from '../testing/fake-directory';
import {
  CHANNEL_ID,
  CONVERSATION_ID,
  post,
  serveMessages,
  TAG_ID,
  VISITOR_TOKEN,
} from '../testing/fake-messages';
import { GatewayFixture } from '../testing/gateway-fixture';

let fixture: GatewayFixture;

const start = async (...options: Parameters<typeof GatewayFixture.start>): Promise<void> => {
  fixture = await GatewayFixture.start(...options);
  await serveMessages(fixture);
};

beforeEach(() => start());

afterEach(() => fixture.stop());

const restart = async (...options: Parameters<typeof GatewayFixture.start>): Promise<void> => {
  await fixture.stop();
  await start(...options);
};

const of = { conversation_id: CONVERSATION_ID };
/** What every user of an account may do. */
const ofUsers: [string, object][] = [
  ['/channels.list', {}],
  ['/conversations.list', {}],
  ['/conversations.info', of],
  ['/conversations.read', of],
  ['/conversations.mark-read', of],
  ['/conversations.tag', { ...of, tag_id: TAG_ID }],
  ['/conversations.untag', { ...of, tag_id: TAG_ID }],
  ['/messages.list', of],
  ['/messages.send', { ...of, message: { text: 'x' } }],
  ['/metadata.set', { ...of, key: 'a', value: 'b' }],
  ['/metadata.remove', { ...of, key: 'a' }],
  ['/tags.create', { name: 'x', color: 'tag-red' }],
  ['/tags.list', {}],
  ['/tags.update', { id: TAG_ID, name: 'y' }],
  ['/tags.delete', { id: TAG_ID }],
];
/** What only administrators may do. */
const ofAdministrators: [string, object][] = [
  ['/channels.connect', { source: 'viber', source_channel_id: '1' }],
  ['/channels.disconnect', { channel_id: CHANNEL_ID }],
  ...['', '/channels'].flatMap((prefix): [string, object][] => {
    const path = (name: string): string => (prefix === '' ? `/${name}` : `${prefix}.${name}`);
    return [
      [path('chatplugin.connect'), { name: 'x' }],
      [path('facebook.connect'), { page_id: '1', page_token: 't' }],
      [path('google.connect'), { gbm_id: '1', name: 'x' }],
      [path('twilio.sms.connect'), { phone_number: '1', name: 'x' }],
      [path('twilio.whatsapp.connect'), { phone_number: '1', name: 'x' }],
      [path('chatplugin.disconnect'), { channel_id: CHANNEL_ID }],
      [path('facebook.disconnect'), { channel_id: CHANNEL_ID }],
      [path('google.disconnect'), { channel_id: CHANNEL_ID }],
      [path('twilio.sms.disconnect'), { channel_id: CHANNEL_ID }],
      [path('twilio.whatsapp.disconnect'), { channel_id: CHANNEL_ID }],
    ];
  }),
];
const ofAll = [...ofUsers, ...ofAdministrators];

describe('paths and methods', () => {
  it.each(ofAll)('%s answers a POST with a token', async (path, body) => {
    const { status } = await post(fixture, path, body, { token: 'admin' });

    expect([200, 201, 202, 204]).toContain(status);
    expect(fixture.lastAsked.payload['account_id']).toBe(PARENT);
  });

  it.each(['GET', 'HEAD', 'PUT', 'DELETE', 'PATCH', 'PROPFIND'])('%s is 405', async (method) => {
    const { status, headers, text } = await fixture.call(method, '/channels.list', { token: 'admin' });

    expect(status).toBe(405);
    expect(headers.get('allow')).toBe('POST, OPTIONS');
    if (method !== 'HEAD') expect(JSON.parse(text)).toEqual({ message: 'only POST is supported here' });
  });

  it.each([['/users.signup'], ['/channels.explore'], ['/Channels.list'], ['/conversations.mark_read']])(
    'POST %s, which is no endpoint, is 404 in the words of this dialect',
    async (path) => {
      const { status, envelope } = await post(fixture, path, {}, { token: 'admin' });

      expect({ status, envelope }).toEqual({ status: 404, envelope: { message: 'no such endpoint' } });
    },
  );

  it('leaves everything else to the other dialects', async () => {
    const page = await fixture.call('GET', '/favicon.ico');
    const crossbar = await fixture.call('POST', '/elsewhere');

    expect(page.status).toBe(204);
    expect(crossbar.envelope).toMatchObject({ error: '404', status: 'error' });
  });
});

describe('CORS', () => {
  it.each([['/channels.list'], ['/users.login'], ['/chatplugin.send'], ['/sources/x/messages']])(
    'lets a browser ask before it asks, without a token: OPTIONS %s',
    async (path) => {
      const { status, headers, text } = await fixture.call('OPTIONS', path);

      expect({ status, text }).toEqual({ status: 204, text: '' });
      expect(headers.get('access-control-allow-origin')).toBe('*');
      expect(headers.get('access-control-allow-methods')).toBe('POST, OPTIONS');
      expect(headers.get('access-control-allow-headers')).toContain('authorization');
      expect(headers.get('access-control-allow-headers')).toContain('x-account-id');
    },
  );

  it.each<[string, string, string | undefined, number]>([
    ['a success', '/channels.list', 'admin', 200],
    ['a refusal', '/channels.list', undefined, 403],
    ['an error', '/conversations.info', 'admin', 400],
  ])('has its headers on %s', async (_name, path, token, status) => {
    const answer = await post(fixture, path, {}, token === undefined ? {} : { token });

    expect(answer.status).toBe(status);
    expect(answer.headers.get('access-control-allow-origin')).toBe('*');
    expect(answer.headers.get('x-request-id')).toMatch(/./);
    expect(answer.headers.get('cache-control')).toBe('no-store');
  });
});

describe('tokens', () => {
  it.each<[Record<string, string>]>([
    [{ authorization: 'admin' }],
    [{ authorization: 'Bearer admin' }],
    [{ authorization: 'bearer  admin' }],
    [{ 'x-auth-token': 'admin' }],
  ])('are accepted as %j', async (headers) => {
    expect((await post(fixture, '/channels.list', {}, { headers })).status).toBe(200);
  });

  it.each(ofAll)('%s without one is 403 without a body, and nobody is asked', async (path, body) => {
    const { status, text } = await post(fixture, path, body);

    expect({ status, text, asked: fixture.asked }).toEqual({ status: 403, text: '', asked: [] });
  });

  it.each<[string, Record<string, string>, string]>([
    ['an unknown one', { authorization: 'guessed' }, ''],
    ['a Basic authorization', { authorization: 'Basic YWRtaW46YWRtaW4=' }, ''],
    ['one in the URL', {}, '?access_token=admin'],
  ])('%s is 403 without a body', async (_name, headers, query) => {
    const { status, text } = await post(fixture, `/channels.list${query}`, {}, { headers });

    expect({ status, text, asked: fixture.asked }).toEqual({ status: 403, text: '', asked: [] });
  });

  it('are not judged while access cannot be decided: 503, never allowed', async () => {
    fixture.directory.failure = new AppError('unavailable', 'authorization unavailable, try again');

    const { status, envelope, headers } = await post(fixture, '/channels.list', {}, { token: 'admin' });

    expect({ status, envelope }).toEqual({
      status: 503,
      envelope: { message: 'authorization unavailable, try again' },
    });
    expect(headers.get('retry-after')).toBe('1');
    expect(fixture.asked).toEqual([]);
  });
});

describe('accounts and rights', () => {
  it.each<[string, string | undefined, number, string | undefined]>([
    ['admin', undefined, 200, PARENT],
    ['admin', PARENT, 200, PARENT],
    ['admin', CHILD, 200, CHILD],
    ['admin', ` ${CHILD} `, 200, CHILD],
    ['admin', '', 200, PARENT],
    ['admin', STRANGER, 403, undefined],
    ['admin', NOWHERE, 403, undefined],
    ['admin', ROOT, 403, undefined],
    ['admin', '*', 403, undefined],
    ['admin', `${CHILD}, ${PARENT}`, 403, undefined],
    ['api-key', CHILD, 200, CHILD],
    ['child-admin', PARENT, 403, undefined],
    ['user', undefined, 200, PARENT],
    ['user', CHILD, 403, undefined],
    ['root', undefined, 200, ROOT],
    ['root', STRANGER, 200, STRANGER],
    ['root', NOWHERE, 404, undefined],
  ])('%s with X-Account-ID %s gets %i', async (token, account, status, asked) => {
    const headers: Record<string, string> = account === undefined ? {} : { 'x-account-id': account };

    const answer = await post(fixture, '/channels.list', {}, { token, headers });

    expect(answer.status).toBe(status);
    if (asked === undefined) {
      expect(fixture.asked).toEqual([]);
      expect(Object.keys(answer.envelope)).toEqual(['message']);
    } else expect(fixture.lastAsked.payload['account_id']).toBe(asked);
  });

  it('a body cannot name another account', async () => {
    await post(
      fixture,
      '/tags.create',
      { name: 'x', color: 'red', account_id: STRANGER },
      { token: 'admin' },
    );

    expect(fixture.lastAsked.payload['account_id']).toBe(PARENT);
  });

  it.each(ofUsers)('a plain user may do %s', async (path, body) => {
    expect((await post(fixture, path, body, { token: 'user' })).status).toBeLessThan(300);
  });

  it.each(ofAdministrators)('a plain user may not do %s', async (path, body) => {
    const { status, envelope } = await post(fixture, path, body, { token: 'user' });

    expect({ status, envelope, asked: fixture.asked }).toEqual({
      status: 403,
      envelope: { message: 'forbidden' },
      asked: [],
    });
  });
});

describe('bodies', () => {
  const send = (body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}) =>
    fixture.call('POST', '/channels.list', { body, headers: { authorization: 'admin', ...headers } });

  it.each([[''], ['   '], ['{}'], ['\ufeff{}'], ['{"unknown":1}']])(
    '%j will do where nothing is needed',
    async (body) => {
      expect((await send(body)).status).toBe(200);
    },
  );

  it('need no content type, and may be called a form, as curl does', async () => {
    expect((await send('{}', { 'content-type': '' })).status).toBe(200);
    expect((await send('{}', { 'content-type': 'application/x-www-form-urlencoded' })).status).toBe(200);
    expect((await send('a=b', { 'content-type': 'application/x-www-form-urlencoded' })).status).toBe(415);
  });

  it.each<[string | Uint8Array<ArrayBuffer>]>([
    ['{'],
    ['[]'],
    ['"x"'],
    ['null'],
    ['{"source":"\\u0000"}'],
    ['{"a":{"__proto__":{}}}'],
    ['{"a":1e999}'],
    [`{"a":${'['.repeat(80)}${']'.repeat(80)}}`],
    [new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])],
  ])('%s is 400 with a message', async (body) => {
    const { status, envelope } = await send(body);

    expect(status).toBe(400);
    expect(Object.keys(envelope)).toEqual(['message']);
    expect(fixture.asked).toEqual([]);
  });

  it('say where something is wrong, never what it was', async () => {
    const { envelope } = await post(
      fixture,
      '/users.login',
      { email: 'a@b.example', password: { secret: 'hunter2' } },
      {},
    );

    expect(envelope['message']).toContain('password');
    expect(JSON.stringify(envelope)).not.toContain('hunter2');
  });

  it.each([
    ['of who has a token, up to the setting', '/channels.list', 'admin', 100_001],
    ['of who has none, up to 64 KiB', '/users.login', undefined, 65_537],
    ['of a visitor, up to 64 KiB', '/chatplugin.send', VISITOR_TOKEN, 65_537],
  ])('are read %s, then 413', async (_name, path, token, size) => {
    await restart({ apiBodyMaxBytes: 100_000 });

    const { status, envelope } = await fixture.call('POST', path, {
      body: `{"a":"${'x'.repeat(size - 8)}"}`,
      headers: token === undefined ? {} : { authorization: token },
    });

    expect({ status, members: Object.keys(envelope) }).toEqual({ status: 413, members: ['message'] });
    expect(fixture.asked).toEqual([]);
  });
});

describe('the rate limit', () => {
  const limits = (apiRateCapacity: number) =>
    restart({ apiRateCapacity, apiRatePerSecond: 1 }, { clock: () => 0 });

  it('answers 429 and when to come back, per account', async () => {
    await limits(2);
    const list = (token: string) => post(fixture, '/channels.list', {}, { token });
    expect([(await list('admin')).status, (await list('user')).status]).toEqual([200, 200]);

    const refused = await list('admin');

    expect(refused.status).toBe(429);
    expect(refused.envelope).toEqual({ message: 'too many requests, try again later' });
    expect(refused.headers.get('retry-after')).toBe('1');
    expect((await list('root')).status).toBe(200);
  });

  it('is one for all dialects', async () => {
    await limits(1);
    await fixture.call('GET', '/v2/token_auth', { token: 'admin' });

    expect((await post(fixture, '/channels.list', {}, { token: 'admin' })).status).toBe(429);
  });

  it('makes a login dearer than a request, and guessing costs the guesser only', async () => {
    await limits(6);
    fixture.fail(loginUser, new AppError('unauthorized', 'no'));
    const login = { email: 'a@b.example', password: 'x' };

    expect((await post(fixture, '/users.login', login)).status).toBe(401);
    expect((await post(fixture, '/users.login', login)).status).toBe(429);
    expect((await post(fixture, '/channels.list', {}, { token: 'guess' })).status).toBe(403);
    expect((await post(fixture, '/channels.list', {}, { token: 'guess' })).status).toBe(429);
    expect((await post(fixture, '/channels.list', {}, { token: 'admin' })).status).toBe(200);
  });

  it('lets a visitor that guesses tokens guess no more than others', async () => {
    await limits(2);
    fixture.fail(sendAsVisitor, new AppError('unauthorized', 'no'));
    const send = () => post(fixture, '/chatplugin.send', { message: 'x' }, { token: VISITOR_TOKEN });

    expect([(await send()).status, (await send()).status, (await send()).status]).toEqual([403, 403, 429]);
    expect((await post(fixture, '/users.login', {})).status).toBe(429);
  });

  it('holds for sources by address', async () => {
    await limits(1);
    const headers = { 'x-ringdown-timestamp': '1', 'x-ringdown-signature': 'x' };

    expect((await post(fixture, '/sources/viber/messages', {}, { headers })).status).toBe(200);
    expect((await post(fixture, '/sources/other/messages', {}, { headers })).status).toBe(429);
  });
});

describe('when something else fails', () => {
  it.each<[number, string, Error]>([
    [503, 'try again', new AppError('unavailable', 'try again')],
    [504, 'no answer in time', new AppError('timeout', 'no answer in time')],
    [500, 'internal error', new AppError('internal', 'SELECT * FROM secrets')],
    [500, 'internal error', new Error('SELECT * FROM secrets')],
  ])('the answer is %i %s and tells nothing else', async (status, message, error) => {
    fixture.fail(listMessagingChannels, error);

    const answer = await post(fixture, '/channels.list', {}, { token: 'admin' });

    expect({ status: answer.status, body: answer.envelope }).toEqual({ status, body: { message } });
  });

  it('without a message-producer it is 503', async () => {
    await fixture.stop();
    fixture = await GatewayFixture.start({ apiRequestTimeoutMs: 500 });

    const { status, envelope } = await post(fixture, '/channels.list', {}, { token: 'admin' });

    expect(status).toBe(503);
    expect(Object.keys(envelope)).toEqual(['message']);
  });
});

it('metrics name the route, never what a client made of it', async () => {
  await post(fixture, '/channels.list', {}, { token: 'admin' });
  await post(fixture, '/sources/viber/messages');
  await post(fixture, '/no.such');

  const { text } = await fixture.call('GET', '/metrics');

  expect(text).toContain('route="/channels.list",method="POST",status="200"');
  expect(text).toContain('route="/sources/:source/messages",method="POST",status="401"');
  expect(text).toContain('route="none",method="POST",status="404"');
  expect(text).not.toContain('viber');
});
