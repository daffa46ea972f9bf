import {
  apiAuth,
  bindingCatalogue,
  changeDocument,
  createAccount,
  createApiKey,
  createDocument,
  decodeEvent,
  deleteApiKey,
  deleteDocument,
  documentTypes,
  eventSamples,
  getDocument,
  listAccounts,
  listApiKeys,
  listDocuments,
  revokeToken,
  userAuth,
  type ListQuery,
  type SocketInfo,
  type WireMessage,
} from '@ringdown/contracts';
import { loadSettings } from '@ringdown/config';
import { AppError, silentLogger } from '@ringdown/core';
import { buildApiGateway } from '../api-gateway';
import { CHILD, PARENT, principal, ROOT, USER_ID } from '../testing/fake-directory';
import { GatewayFixture, type Answered } from '../testing/gateway-fixture';

const account = `/v2/accounts/${PARENT}`;
const ID = '7'.repeat(32);

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
});

describe('documents', () => {
  const paths = documentTypes
    .filter(({ type }) => type !== 'account')
    .map(
      ({ type, resource }) =>
        [type, type === 'mailbox_message' ? `/vmboxes/box/${resource}` : `/${resource}`] as const,
    );

  it.each(paths)('%s: create, list, read, replace, merge and delete under %s', async (type, path) => {
    const parent = type === 'mailbox_message' ? { parent_id: 'box' } : {};
    const actor = { account_id: PARENT, user_id: '2'.repeat(32) };
    const result = { doc: { id: ID, name: 'x' }, revision: 1 };
    for (const operation of [createDocument, getDocument, changeDocument, deleteDocument]) {
      fixture.answer<never, typeof result>(operation as never, () => result);
    }
    fixture.answer(listDocuments, () => ({ docs: [result.doc], page_size: 50, next_start_key: 'next' }));
    const call = async (method: string, at: string, data?: object) => {
      const answer = await fixture.call(method, account + at, { token: 'admin', ...(data ? { data } : {}) });
      return { ...answer, asked: fixture.lastAsked.payload };
    };

    const created = await call('PUT', path, { name: 'x' });
    expect(created.status).toBe(201);
    expect(created.headers.get('location')).toBe(`${account}${path}/${ID}`);
    expect(created.headers.get('etag')).toBe('"1"');
    expect(created.asked).toEqual({ account_id: PARENT, type, ...parent, actor, data: { name: 'x' } });

    const list = await call('GET', path);
    expect(list.envelope).toMatchObject({ data: [result.doc], page_size: 50, next_start_key: 'next' });
    expect(list.asked).toEqual({ account_id: PARENT, type, ...parent, query: { page_size: 50 } });

    const item = { account_id: PARENT, type, ...parent, id: ID };
    expect((await call('GET', `${path}/${ID}`)).asked).toEqual(item);
    expect((await call('POST', `${path}/${ID}`, { a: 1 })).asked).toEqual({
      ...item,
      actor,
      mode: 'replace',
      data: { a: 1 },
    });
    expect((await call('PATCH', `${path}/${ID}`, { a: null })).asked).toEqual({
      ...item,
      actor,
      mode: 'merge',
      data: { a: null },
    });
    expect((await call('DELETE', `${path}/${ID}`)).asked).toEqual({ ...item, actor });
  });

  it.each([
    ['reading', 'GET'],
    ['deleting', 'DELETE'],
  ])('%s one that does not exist is a bad identifier', async (_name, method) => {
    const { status, envelope } = await fixture.call(method, `${account}/users/${ID}`, { token: 'admin' });

    expect(status).toBe(404);
    expect(envelope).toMatchObject({ data: [ID], error: '404', message: 'bad identifier', status: 'error' });
  });

  it.each([['%00'], ['x'.repeat(129)], ['a%00b']])(
    'an id that can be none is a bad identifier: %s',
    async (id) => {
      const { status } = await fixture.call('GET', `${account}/users/${id}`, { token: 'admin' });

      expect(status).toBe(404);
      expect(fixture.asked).toEqual([]);
    },
  );

  it('an id may hold any other character', async () => {
    fixture.answer(getDocument, ({ id }) => ({ doc: { id }, revision: 1 }));

    const { envelope } = await fixture.call('GET', `${account}/users/a%2Fb%20%C3%A9`, { token: 'admin' });

    expect(envelope['data']).toEqual({ id: 'a/b é' });
  });
});

describe('lists', () => {
  const ask = async (query: string): Promise<{ status: number; data: unknown; query: unknown }> => {
    fixture.answer(listDocuments, () => ({ docs: [], page_size: 1 }));
    const { status, envelope } = await fixture.call('GET', `${account}/users?${query}`, { token: 'admin' });
    return { status, data: envelope['data'], query: fixture.asked.at(-1)?.payload['query'] };
  };

  it.each<[string, ListQuery]>([
    ['page_size=7&start_key=abc', { page_size: 7, start_key: 'abc' }],
    ['descending=true', { page_size: 50, descending: true }],
    ['ascending=true', { page_size: 50, descending: false }],
    ['filter_a.b=1&filter_name=x%20y', { page_size: 50, filter: { 'a.b': '1', name: 'x y' } }],
    ['filter_not_a=1', { page_size: 50, filter_not: { a: '1' } }],
    ['filter_a=', { page_size: 50, filter: { a: '' } }],
    ['has_key=a&key_missing=b', { page_size: 50, has_key: 'a', key_missing: 'b' }],
    [
      'created_from=63800000000&created_to=63900000000',
      { page_size: 50, created_from: 63800000000, created_to: 63900000000 },
    ],
    ['modified_from=1&modified_to=2', { page_size: 50, modified_from: 1, modified_to: 2 }],
    ['unknown=1', { page_size: 50 }],
  ])('%s', async (text, query) => {
    expect(await ask(text)).toMatchObject({ status: 200, query });
    expect(fixture.lastAsked.payload['query']).toEqual(query);
  });

  it.each([
    ['page_size=0', 'page_size'],
    ['page_size=1001', 'page_size'],
    ['page_size=many', 'page_size'],
    ['page_size=1e3', 'page_size'],
    ['page_size=', 'page_size'],
    ['page_size=1&page_size=2', 'page_size'],
    ['start_key=%00', 'start_key'],
    [`start_key=${'x'.repeat(1025)}`, 'start_key'],
    ['descending=yes', 'descending'],
    ['descending=true&ascending=true', 'descending'],
    ['paginate=maybe', 'paginate'],
    ['created_from=yesterday', 'created_from'],
    ['created_to=-1', 'created_to'],
    ['modified_from=99999999999999999', 'modified_from'],
    ['modified_to=NaN', 'modified_to'],
    ['filter_=1', 'filter_'],
    ['filter___proto__=1', 'filter___proto__'],
    ['filter_a=%00', 'filter_a'],
    [Array.from({ length: 21 }, (_, i) => `filter_${i}=x`).join('&'), 'filter_'],
    ['has_key=', 'has_key'],
    ['has_value=a', 'has_value'],
    ['value_missing=a', 'value_missing'],
  ])('%s is a validation error of %s', async (text, field) => {
    const { status, data, query } = await ask(text);

    expect(status).toBe(400);
    expect(data).toHaveProperty([field]);
    expect(query).toBeUndefined();
  });

  it('names every bad parameter at once', async () => {
    const { data } = await ask('page_size=x&created_from=y');

    expect(Object.keys(data as object).sort()).toEqual(['created_from', 'page_size']);
  });

  it('paginate=false gathers all pages', async () => {
    const pages = [
      { docs: [{ id: '1' }], page_size: 1000, next_start_key: 'two' },
      { docs: [{ id: '2' }], page_size: 1000 },
    ];
    fixture.answer(listDocuments, ({ query }) => pages[query.start_key === 'two' ? 1 : 0]!);

    const { envelope } = await fixture.call('GET', `${account}/users?paginate=false`, { token: 'admin' });

    expect(envelope).toMatchObject({ data: [{ id: '1' }, { id: '2' }] });
    expect(envelope).not.toHaveProperty('next_start_key');
  });

  it('paginate=false ends at its limit and tells where to go on', async () => {
    let served = 0;
    fixture.answer(listDocuments, ({ query }) => {
      const docs = Array.from({ length: query.page_size ?? 0 }, () => ({ id: String((served += 1)) }));
      return { docs, page_size: docs.length, next_start_key: String(served) };
    });

    const { envelope } = await fixture.call('GET', `${account}/users?paginate=false`, { token: 'admin' });

    expect(envelope['data']).toHaveLength(10_000);
    expect(envelope['next_start_key']).toBe('10000');
  });

  it('paginate=false ends after ten pages, also when large documents make them short', async () => {
    let served = 0;
    fixture.answer(listDocuments, () => ({
      docs: [{ id: String((served += 1)) }],
      page_size: 1000,
      next_start_key: String(served),
    }));

    const { envelope } = await fixture.call('GET', `${account}/users?paginate=false`, { token: 'admin' });

    expect(envelope).toMatchObject({ page_size: 10, next_start_key: '10' });
    expect(envelope['data']).toHaveLength(10);
  });
});

describe('accounts', () => {
  const doc = { doc: { id: CHILD, name: 'child' }, revision: 2 };

  it('are made under their parent', async () => {
    fixture.answer(createAccount, () => doc);

    const { status, headers } = await fixture.call('PUT', account, {
      token: 'admin',
      data: { name: 'child' },
      headers: { 'idempotency-key': 'once' },
    });

    expect(status).toBe(201);
    expect(headers.get('location')).toBe(`/v2/accounts/${CHILD}`);
    expect(fixture.lastAsked.payload).toEqual({
      account_id: PARENT,
      actor: { account_id: PARENT, user_id: '2'.repeat(32) },
      data: { name: 'child' },
      idempotency_key: 'once',
    });
  });

  it('are read, changed and deleted as documents of type account', async () => {
    for (const operation of [getDocument, changeDocument, deleteDocument]) {
      fixture.answer<never, typeof doc>(operation as never, () => doc);
    }
    for (const method of ['GET', 'POST', 'PATCH', 'DELETE']) {
      const data = method.startsWith('P') ? { data: {} } : {};
      const { status } = await fixture.call(method, `/v2/accounts/${CHILD}`, { token: 'admin', ...data });

      expect(status).toBe(200);
      expect(fixture.lastAsked.payload).toMatchObject({ account_id: CHILD, type: 'account', id: CHILD });
    }
  });

  it.each(['children', 'descendants'] as const)('list their %s', async (scope) => {
    fixture.answer(listAccounts, () => ({ docs: [doc.doc], page_size: 50 }));

    const { envelope } = await fixture.call('GET', `${account}/${scope}`, { token: 'admin' });

    expect(envelope['data']).toEqual([doc.doc]);
    expect(fixture.lastAsked.payload).toEqual({ account_id: PARENT, scope, query: { page_size: 50 } });
  });

  it('have API keys', async () => {
    const key = { doc: { id: ID, name: 'ci', api_key: 'shown once' }, revision: 1 };
    fixture.answer(createApiKey, () => key);
    fixture.answer(listApiKeys, () => ({ docs: [{ id: ID, name: 'ci' }], page_size: 50 }));
    fixture.answer(deleteApiKey, () => key);
    const keys = `${account}/api_keys`;

    const made = await fixture.call('PUT', keys, { token: 'admin', data: { name: 'ci', other: 1 } });
    expect(made).toMatchObject({ status: 201, envelope: { data: { api_key: 'shown once' } } });
    expect(fixture.lastAsked.payload).toMatchObject({ data: { name: 'ci' } });
    expect((await fixture.call('GET', keys, { token: 'admin' })).envelope['data']).toEqual([
      { id: ID, name: 'ci' },
    ]);
    const filtered = await fixture.call('GET', `${keys}?filter_name=ci&page_size=2`, { token: 'admin' });
    expect(filtered).toMatchObject({ status: 400, envelope: { data: { filter: { invalid: {} } } } });
    expect((await fixture.call('DELETE', `${keys}/${ID}`, { token: 'admin' })).status).toBe(200);
    expect(fixture.lastAsked).toMatchObject({
      operation: 'api_keys.delete',
      payload: { account_id: PARENT, id: ID },
    });
    expect((await fixture.call('PUT', keys, { token: 'admin', data: { name: 1 } })).status).toBe(400);
    expect((await fixture.call('GET', `${keys}/${ID}`, { token: 'admin' })).status).toBe(405);
  });
});

describe('events', () => {
  const published: WireMessage[] = [];
  let close: () => Promise<void>;

  beforeEach(async () => {
    published.length = 0;
    const listener = fixture.hub.connect({ service: 'spec' });
    await listener.start();
    const feed = await listener.openFeed(
      { name: 'all', maxLength: 1000 },
      { onMessage: (message) => void published.push(message), onGap: () => undefined },
    );
    for (const family of ['call', 'conference', 'fax', 'object', 'messaging']) await feed.bind(family, '#');
    close = () => listener.stop();
  });

  afterEach(() => close());

  const send = (data: unknown, token = 'admin', path = account) =>
    fixture.call('POST', `${path}/events`, { token, data });

  async function received(): Promise<WireMessage> {
    while (published.length === 0) await new Promise((resolve) => setImmediate(resolve));
    return published.shift()!;
  }

  it('are published under their routing key, in the account of the URL whatever the body says', async () => {
    const { status, envelope } = await send({
      routing_key: 'call.CHANNEL_CREATE.a1',
      body: { call_id: 'a1', account_id: ROOT, custom_channel_vars: { account_id: ROOT, owner_id: 'o' } },
    });

    expect(status).toBe(202);
    const message = await received();
    expect(message).toMatchObject({
      exchange: 'call',
      routingKey: 'call.CHANNEL_CREATE.a1',
      headers: { account_id: PARENT },
      type: 'CHANNEL_CREATE',
    });
    expect(JSON.parse(message.body.toString())).toMatchObject({
      call_id: 'a1',
      account_id: PARENT,
      custom_channel_vars: { account_id: PARENT, owner_id: 'o' },
    });
    expect(message.messageId).toBe((envelope['data'] as { message_id: string }).message_id);
  });

  it('may be named by family, name and raw ids', async () => {
    const { status, envelope } = await send({
      family: 'call',
      name: 'CHANNEL_ANSWER',
      ids: ['a1@10.0.0.1'],
      body: {},
    });

    expect(status).toBe(202);
    expect(envelope['data']).toMatchObject({ routing_key: 'call.CHANNEL_ANSWER.a1@10%2E0%2E0%2E1' });
    const decoded = decodeEvent(await received());
    expect(decoded).toMatchObject({
      ok: true,
      event: { name: 'CHANNEL_ANSWER', body: { call_id: 'a1@10.0.0.1' } },
    });
  });

  it.each(eventSamples.map(({ draft }) => [draft.routingKey, draft] as const))(
    'of every kind are accepted: %s',
    async (routingKey, draft) => {
      expect((await send({ routing_key: routingKey, body: draft.body })).status).toBe(202);
      expect((await received()).routingKey).toBe(routingKey);
    },
  );

  it('are published for descendants by an API key', async () => {
    const data = { routing_key: 'call.CHANNEL_CREATE.a1', body: {} };

    expect((await send(data, 'api-key', `/v2/accounts/${CHILD}`)).status).toBe(202);
    expect((await received()).headers['account_id']).toBe(CHILD);
  });

  it.each<[string, object, string]>([
    ['the control plane', { routing_key: 'control.token_revoked', body: {} }, 'routing_key'],
    ['the fences of the log', { routing_key: '_fence.1', body: {} }, 'routing_key'],
    ['a fence inside a family', { routing_key: 'call._fence.1', body: {} }, 'routing_key'],
    ['an unknown event', { routing_key: 'call.CHANNEL_EXPLODE.a1', body: {} }, 'routing_key'],
    ['no id', { routing_key: 'call.CHANNEL_CREATE', body: {} }, 'routing_key'],
    ['a wildcard for an id', { routing_key: 'call.CHANNEL_CREATE.*', body: {} }, 'routing_key'],
    ['a key too long', { routing_key: `call.CHANNEL_CREATE.${'x'.repeat(300)}`, body: {} }, 'routing_key'],
    ['no name at all', { body: {} }, 'data'],
    [
      'two names',
      { routing_key: 'call.CHANNEL_CREATE.a', family: 'call', name: 'X', ids: ['1'], body: {} },
      'data',
    ],
    ['a family without name', { family: 'call', body: {} }, 'data'],
    ['an unknown family', { family: 'control', name: 'alive', ids: ['x'], body: {} }, 'family'],
    ['no body', { routing_key: 'call.CHANNEL_CREATE.a1' }, 'body'],
    ['a body that is no object', { routing_key: 'call.CHANNEL_CREATE.a1', body: [] }, 'body'],
    [
      'a known field of the wrong type',
      { routing_key: 'call.CHANNEL_CREATE.a1', body: { call_id: 1 } },
      'body',
    ],
  ])('refuse %s', async (_name, data, field) => {
    const { status, envelope } = await send(data);

    expect(status).toBe(400);
    expect(envelope['data']).toHaveProperty([field]);
    expect(published).toEqual([]);
  });

  it('with multi-byte ids that make the key too long for AMQP are refused, not lost', async () => {
    const { status } = await send({ routing_key: `call.CHANNEL_CREATE.${'é'.repeat(200)}`, body: {} });

    expect(status).toBe(400);
  });
});

describe('websockets', () => {
  const socketOf = (fields: Partial<SocketInfo>): SocketInfo => ({
    websocket_session_id: `aaaaaaaa${'0'.repeat(24)}`,
    bindings: ['object.*.user'],
    timestamp: 63_890_000_000,
    destination: 'blackhole-aaaaaaaa',
    source: '203.0.113.7',
    account_id: PARENT,
    ...fields,
  });
  const first = socketOf({});
  const second = socketOf({
    websocket_session_id: `bbbbbbbb${'0'.repeat(24)}`,
    timestamp: 63_890_000_001,
    name: 'wallboard',
    metadata: { floor: 2 },
  });
  const foreign = socketOf({ websocket_session_id: `bbbbbbbb${'1'.repeat(24)}`, account_id: ROOT });
  const list = `${account}/websockets`;
  const withoutAccount = ({ account_id: _, ...shown }: SocketInfo): object => shown;

  /** Instances hear of each other in their own time. */
  async function untilListed(
    holds: (envelope: Answered['envelope']) => boolean,
  ): Promise<Answered['envelope']> {
    for (;;) {
      const { envelope } = await fixture.call('GET', list, { token: 'admin' });
      if (holds(envelope)) return envelope;
    }
  }

  beforeEach(async () => {
    await fixture.addBlackhole('aaaaaaaa', [first]);
    await fixture.addBlackhole('bbbbbbbb', [second, foreign]);
    await untilListed(({ data }) => (data as unknown[]).length === 2);
    fixture.asked.length = 0;
  });

  it('the catalogue needs no login and lists the four families of the documentation', async () => {
    const { status, envelope } = await fixture.call('GET', '/v2/websockets');

    expect(status).toBe(200);
    expect(envelope['data']).toEqual(bindingCatalogue());
    expect(Object.keys(envelope['data'] as object)).toEqual(['call', 'conference', 'fax', 'object']);
    expect(Object.keys(envelope).sort()).toEqual([
      'data',
      'node',
      'request_id',
      'status',
      'timestamp',
      'version',
    ]);
  });

  it('the catalogue shows the rest on request', async () => {
    const all = await fixture.call('GET', '/v2/websockets?families=all');

    expect(all.envelope['data']).toEqual(bindingCatalogue({ families: 'all' }));
    expect((await fixture.call('GET', '/v2/websockets?families=some')).status).toBe(400);
  });

  it('are gathered from all instances, oldest first, without account and token', async () => {
    const { envelope } = await fixture.call('GET', list, { token: 'admin' });

    expect(envelope['data']).toEqual([withoutAccount(first), withoutAccount(second)]);
    expect(envelope).not.toHaveProperty('missing');
  });

  it('are those of the account and of the caller', async () => {
    await fixture.call('GET', `/v2/accounts/${CHILD}/websockets`, { token: 'admin' });

    expect(fixture.lastAsked.payload).toEqual({ account_ids: [CHILD, PARENT] });
  });

  it('are ids in the older form', async () => {
    const { envelope } = await fixture.call('GET', `${list}?format=ids`, { token: 'admin' });

    expect(envelope['data']).toEqual([first.websocket_session_id, second.websocket_session_id]);
    expect((await fixture.call('GET', `${list}?format=xml`, { token: 'admin' })).status).toBe(400);
  });

  it('are listed without those of an instance that fails, which is named', async () => {
    const broken = await fixture.addBlackhole('cccccccc', [
      null as unknown as SocketInfo, // makes its handler throw
    ]);

    const envelope = await untilListed(({ missing }) => missing !== undefined);

    expect(envelope['missing']).toEqual([broken.instance]);
    expect(envelope['data']).toHaveLength(2);
  });

  it('are read one by one', async () => {
    const one = await fixture.call('GET', `${list}/${second.websocket_session_id}`, { token: 'admin' });
    const older = await fixture.call('GET', `${list}/${second.websocket_session_id}?format=list`, {
      token: 'admin',
    });

    expect(one.envelope['data']).toEqual(withoutAccount(second));
    expect(older.envelope['data']).toEqual([
      {
        account_id: PARENT,
        auth_token: 'redacted',
        bindings: ['object.*.user'],
        websocket_session_id: second.websocket_session_id,
      },
    ]);
  });

  it('are closed by DELETE, on the instance that holds them', async () => {
    const { status, envelope } = await fixture.call('DELETE', `${list}/${second.websocket_session_id}`, {
      token: 'admin',
    });

    expect(status).toBe(200);
    expect(envelope['data']).toEqual(withoutAccount(second));
    expect(fixture.asked).toEqual([
      expect.objectContaining({
        operation: 'sockets.close',
        payload: { account_ids: [PARENT], socket_id: second.websocket_session_id },
      }),
    ]);
  });

  it.each([
    ['of nobody', `bbbbbbbb${'9'.repeat(24)}`],
    ['of a stranger', foreign.websocket_session_id],
    ['of an instance that is gone', `99999999${'0'.repeat(24)}`],
    ['that is none', 'x'],
  ])('%s is a bad identifier', async (_name, id) => {
    for (const method of ['GET', 'DELETE']) {
      const { status, envelope } = await fixture.call(method, `${list}/${id}`, { token: 'admin' });

      expect(status).toBe(404);
      expect(envelope).toMatchObject({ data: [id], error: '404', message: 'bad identifier' });
    }
  });

  it('are not read by strangers', async () => {
    expect((await fixture.call('GET', list)).status).toBe(401);
    expect((await fixture.call('GET', list, { token: 'child-admin' })).status).toBe(403);
  });
});

describe('what is beside /v2', () => {
  it('shows one page with the addresses and nothing from elsewhere', async () => {
    const { status, headers, text } = await fixture.call('GET', '/');

    expect(status).toBe(200);
    expect(headers.get('content-type')).toContain('text/html');
    expect(headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(text).toContain('/v2/websockets');
    expect(text).toContain(':5555/');
    expect(text).not.toMatch(/<script|src=|https:/);
  });

  it('does not repeat a Host header that is none', async () => {
    const { text } = await fixture.call('GET', '/', { headers: { host: '"><b>x' } });

    expect(text).not.toContain('<b>');
  });

  it('serves the documents it links to', async () => {
    const { text } = await fixture.call('GET', '/');
    const links = [...text.matchAll(/href="(\/docs\/[^"]+)"/g)].map((match) => match[1]!);

    for (const link of links) {
      expect(await fixture.call('GET', link)).toMatchObject({ status: 200 });
    }
    expect((await fixture.call('GET', '/docs/package.json')).status).toBe(404);
  });

  it('has no icon, and says so cheaply', async () => {
    expect((await fixture.call('GET', '/favicon.ico')).status).toBe(204);
  });

  it('is alive, ready and measured', async () => {
    await fixture.call('GET', `${account}/users/${ID}`, { token: 'admin' });

    expect((await fixture.call('GET', '/healthz')).status).toBe(200);
    const ready = await fixture.call('GET', '/readyz');
    expect(ready).toMatchObject({ status: 200, envelope: { status: 'ready', checks: { broker: 'ok' } } });
    const metrics = (await fixture.call('GET', '/metrics')).text;
    expect(metrics).toMatch(
      /ringdown_api_requests_total\{route="\/accounts\/:account_id\/users\/:id",method="GET",status="404",service="api-gateway"\} 1/,
    );
    expect(metrics).toContain('ringdown_api_request_duration_seconds_bucket');
    expect(metrics).not.toContain(ID);
  });

  it('is not ready, but alive, while access cannot be decided', async () => {
    fixture.directory.ready = false;

    expect(await fixture.call('GET', '/readyz')).toMatchObject({
      status: 503,
      envelope: { status: 'unavailable' },
    });
    expect((await fixture.call('GET', '/healthz')).status).toBe(200);
  });

  it('answers probes while the broker is still waited for', async () => {
    const waiting = buildApiGateway(loadSettings({}, { apiPort: 0 }), {
      brokerFactory: (service) => ({
        ...fixture.hub.connect({ service }),
        instance: 'api-gateway-00000000',
        start: () => new Promise<never>(() => undefined),
        status: () => ({ state: 'connecting', sinceMs: 0 }),
      }),
      directoryFactory: () => fixture.directory,
      logger: silentLogger,
    });
    const [first, second] = waiting.components;
    await first!.start();
    void second!.start();
    const base = `http://127.0.0.1:${waiting.listener.port}`;

    expect((await fetch(`${base}/healthz`)).status).toBe(200);
    expect((await fetch(`${base}/readyz`)).status).toBe(503);
    await waiting.listener.stop();
  });

  it('finishes requests under way when it stops, and the broker is there for them until then', async () => {
    let release!: () => void;
    const arrived = new Promise<void>((resolve) => {
      fixture.answer(getDocument, ({ id }) => {
        resolve();
        return new Promise((done) => (release = () => done({ doc: { id }, revision: 1 })));
      });
    });
    const slow = fixture.call('GET', `${account}/users/${ID}`, { token: 'admin' });
    await arrived;

    fixture.gateway.beginDrain();
    expect(fixture.gateway.readiness()).toMatchObject({ ready: false, checks: { process: 'shutting down' } });
    const stopped = (async () => {
      for (const component of [...fixture.gateway.components].reverse()) await component.stop();
    })();
    release();

    expect((await slow).status).toBe(200);
    await stopped;
    await expect(fixture.call('GET', '/healthz')).rejects.toThrow();
  });
});

it('a plain user may end its own session', async () => {
  fixture.directory.tokens.set('user', principal({ isAdmin: false, userId: USER_ID }));
  fixture.answer(revokeToken, () => ({}));

  expect((await fixture.call('DELETE', '/v2/token_auth', { token: 'user' })).status).toBe(200);
});
