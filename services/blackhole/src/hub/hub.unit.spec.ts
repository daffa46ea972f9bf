import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { handle } from '@ringdown/broker';
import {
  apiAuth,
  clientIdOf,
  instanceTagOf,
  listHubClients,
  newSocketId,
  socketIdOfClient,
  unsubscribeHubClient,
} from '@ringdown/contracts';
import { AppError } from '@ringdown/core';
import { RawSocket, UpgradeRefused, WsClient, onTeardown, waitUntil, type Frame } from '@ringdown/testing';
import {
  CUSTOMER,
  RESELLER,
  ROOT,
  SIBLING,
  callCreated,
  startBlackhole,
  type TestBlackhole,
} from '../testing/start-blackhole';
import { hubPaths } from './hub-paths';

const KEY = 'ab'.repeat(32);
const HEX_64 = /^[0-9a-f]{64}$/;
const UUID_4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const ISO_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/;

let system: TestBlackhole;

beforeAll(async () => {
  system = await startBlackhole({ wsMaxConnectionsPerPrincipal: 3 });
  const directory = system.join('object-producer');
  await directory.start();
  onTeardown(() => directory.stop());
  await directory.serve([
    handle(apiAuth, async ({ api_key }) => {
      if (api_key !== KEY) throw new AppError('not_found', 'bad identifier');
      return {
        auth_token: system.directory.tokenFor(CUSTOMER, { userId: undefined, keyId: 'key-1' }),
        expires_at: 1,
        account_id: CUSTOMER,
        account_name: 'Customer',
        is_master_account: false,
        language: 'en-us',
      };
    }),
  ]);
});

let users = 0;

/** A token of a user of its own, so that no limit of connections is shared. */
function tokenOf(accountId: string): string {
  users += 1;
  return system.directory.tokenFor(accountId, {
    userId: `user-${users}`,
    isSuperAdmin: accountId === ROOT,
  });
}

function urlOf(query: string, path = '/api/v1/ws/subscribe', of: TestBlackhole = system): string {
  return new URL(query === '' ? path : `${path}?${query}`, of.url).href;
}

async function open(query = '', options: { token?: string; accountId?: string } = {}): Promise<WsClient> {
  const token = options.token ?? tokenOf(options.accountId ?? CUSTOMER);
  const client = await WsClient.connect(urlOf(query), { headers: { authorization: `Bearer ${token}` } });
  await client.waitForFrame(() => true);
  return client;
}

function welcomeOf(client: WsClient): { client_id: string; subscriptions: string[] } {
  return client.frames[0]!['body'] as { client_id: string; subscriptions: string[] };
}

const eventsOf = (client: WsClient): Frame[] =>
  client.frames.filter(({ event_type }) => !['global', 'health', 'system'].includes(String(event_type)));

/** The event of a call, once it is there. */
const callOf = (client: WsClient, callId: string): Promise<Frame> =>
  client.waitForFrame(({ body }) => (body as Frame | undefined)?.['call_id'] === callId);

async function refusal(connecting: Promise<WsClient>): Promise<{ status: number; body: Frame }> {
  const error = await connecting.then(
    () => new Error('it was accepted'),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(UpgradeRefused);
  const { status, body } = error as UpgradeRefused;
  return { status, body: JSON.parse(body) as Frame };
}

function expectErrorBody(body: Frame, code: number): void {
  expect(Object.keys(body)).toEqual(['code', 'message', 'stack']);
  expect(body).toMatchObject({ code, message: expect.any(String) as string });
  const stack = body['stack'] as Frame[];
  expect(stack.length).toBeGreaterThan(0);
  for (const fault of stack) {
    expect(fault).toEqual({
      code,
      description: expect.any(String) as string,
      error: expect.any(String) as string,
      path: expect.any(String) as string,
    });
  }
}

describe('the upgrade', () => {
  it.each(hubPaths)('is taken at %s, and the welcome is the first frame', async (path) => {
    const token = tokenOf(CUSTOMER);
    const client = await WsClient.connect(
      urlOf('event_types=CALL,Health,object.DOC_EDITED.user,pdfm,call', path),
      {
        headers: { authorization: token },
      },
    );
    const welcome = await client.waitForFrame(() => true);

    expect(Object.keys(welcome)).toEqual(['id', 'event_type', 'timestamp', 'message', 'body']);
    expect(welcome).toEqual({
      id: expect.stringMatching(HEX_64) as string,
      event_type: 'global',
      timestamp: expect.stringMatching(ISO_TIME) as string,
      message: 'WebSocket connection established subscribed to global by default',
      body: {
        client_id: expect.stringMatching(UUID_4) as string,
        subscriptions: ['call', 'health', 'object.doc_edited.user', 'global'],
        user_id: system.directory.principalOf(token).userId,
        account_id: CUSTOMER,
      },
    });
  });

  it('without event types, or with unknown ones only, subscribes to global', async () => {
    for (const query of ['', 'event_types=', 'event_types=pdfm,vm']) {
      expect(welcomeOf(await open(query)).subscriptions).toEqual(['global']);
    }
    expect(welcomeOf(await open('event_types=global,call')).subscriptions).toEqual(['global', 'call']);
  });

  it('gives a client id that leads to the instance', async () => {
    const { client_id } = welcomeOf(await open());
    expect(system.broker.instance.endsWith(instanceTagOf(socketIdOfClient(client_id)!))).toBe(true);
  });

  it.each([
    ['the key', KEY],
    ['base64 of id and key', Buffer.from(`key-1:${KEY}`).toString('base64')],
  ])('may show an API key as %s; its user is its account, and it does not expire', async (_how, header) => {
    const client = await WsClient.connect(urlOf('event_types=call'), { headers: { 'x-api-key': header } });
    const welcome = await client.waitForFrame(() => true);
    expect(welcome['body']).toMatchObject({ user_id: CUSTOMER, account_id: CUSTOMER });
    await client.close();
  });

  it('on the listener of another service is taken at the same paths', async () => {
    const server = createServer();
    server.on('upgrade', system.blackhole.upgradeHandler({ paths: ['/', '/ws'] }));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTeardown(() => new Promise((resolve) => server.close(() => resolve())));
    for (const path of hubPaths) {
      const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}${path}`;
      const client = await WsClient.connect(url, { headers: { authorization: tokenOf(CUSTOMER) } });
      expect((await client.waitForFrame(() => true))['event_type']).toBe('global');
      await client.close();
    }
  });
});

describe('an upgrade is refused before it takes place', () => {
  const connect = (query: string, headers: Record<string, string> = { authorization: tokenOf(CUSTOMER) }) =>
    refusal(WsClient.connect(urlOf(query), { headers }));

  it.each([
    ['without credentials', {}],
    ['with a wrong token', { authorization: 'Bearer nonsense' }],
    ['with a wrong API key', { 'x-api-key': 'nonsense' }],
    ['with the key of another id', { 'x-api-key': Buffer.from(`other:${KEY}`).toString('base64') }],
    ['with the credentials of a web page', { authorization: 'Basic YTpi' }],
  ])('401 %s', async (_what, headers) => {
    const { status, body } = await connect('', headers as unknown as Record<string, string>);
    expect(status).toBe(401);
    expectErrorBody(body, 401);
  });

  it('401 with a token in the URL, unless a setting allows it', async () => {
    const token = tokenOf(CUSTOMER);
    expect((await connect(`access_token=${token}`, {})).status).toBe(401);

    const browserly = await startBlackhole({ wsHubTokenInQuery: true });
    const allowed = browserly.directory.tokenFor(CUSTOMER);
    const client = await WsClient.connect(urlOf(`access_token=${allowed}`, undefined, browserly));
    await client.waitForFrame(() => true);
    await browserly.stop();
  });

  it('400 with unknown event types in strict mode, a fault for each', async () => {
    const { status, body } = await connect('event_types=call,pdfm,vm&strict=true');
    expect(status).toBe(400);
    expectErrorBody(body, 400);
    expect(body['stack']).toMatchObject([
      { description: 'invalid event type: pdfm', path: 'event_types' },
      { description: 'invalid event type: vm', path: 'event_types' },
    ]);
  });

  it('403 for the events of an account that is not below', async () => {
    for (const accountId of [SIBLING, RESELLER, ROOT, '*', 'e'.repeat(32)]) {
      const { status, body } = await connect(`event_types=call&account_id=${accountId}`);
      expect(status).toBe(403);
      expectErrorBody(body, 403);
    }
  });

  it('409 above the limit of connections of the principal, and a closed socket makes room', async () => {
    const token = tokenOf(CUSTOMER);
    const clients = [await open('', { token }), await open('', { token }), await open('', { token })];
    const { status, body } = await connect('', { authorization: token });
    expect(status).toBe(409);
    expectErrorBody(body, 409);

    await clients[0]!.close();
    await waitUntil(() =>
      open('', { token }).then(
        () => true,
        () => false,
      ),
    );
  });

  it('503 while nobody can say who asks', async () => {
    system.directory.unavailable = true;
    try {
      const { status, body } = await connect('');
      expect(status).toBe(503);
      expectErrorBody(body, 503);
    } finally {
      system.directory.unavailable = false;
    }
  });

  it('400 when it is no handshake', async () => {
    const raw = await RawSocket.connect(system.blackhole.port);
    raw.write(
      `GET /api/v1/ws/subscribe HTTP/1.1\r\nHost: x\r\nAuthorization: ${tokenOf(CUSTOMER)}\r\n` +
        'Upgrade: websocket\r\nConnection: Upgrade\r\n\r\n',
    );
    await raw.closed;
    const text = raw.received.toString();
    expect(text).toMatch(/^HTTP\/1\.1 400 /);
    expectErrorBody(JSON.parse(text.slice(text.indexOf('\r\n\r\n'))) as Frame, 400);
  });

  it('400 when it is a plain request', async () => {
    const response = await fetch(urlOf('').replace('ws:', 'http:'));
    expect(response.status).toBe(400);
    const body = (await response.json()) as Frame;
    expectErrorBody(body, 400);
    expect(body['message']).toMatch(/^Failed to upgrade connection: /);
  });
});

describe('events', () => {
  it('come in one envelope, with the same id for every socket', async () => {
    const first = await open('event_types=call');
    const second = await open('event_types=call.channel_create');
    await system.publish({ ...callCreated(CUSTOMER, 'env-1'), timestampMs: 1_790_000_000_123 });

    const frame = await callOf(first, 'env-1');

    expect(Object.keys(frame)).toEqual(['id', 'event_type', 'timestamp', 'message', 'body']);
    expect(frame).toMatchObject({
      id: expect.stringMatching(HEX_64) as string,
      event_type: 'call',
      message: 'CHANNEL_CREATE',
      body: { call_id: 'env-1', event_name: 'CHANNEL_CREATE' },
    });
    expect(Number.isNaN(Date.parse(String(frame['timestamp'])))).toBe(false);
    expect(await callOf(second, 'env-1')).toEqual(frame);
  });

  it('of two events have two ids, also when their publisher gave none', async () => {
    const client = await open('event_types=call');
    for (const id of ['bare-1', 'bare-2']) {
      await system.publishForeign('call', `call.CHANNEL_CREATE.${id}`, { account_id: CUSTOMER, call_id: id });
    }
    const [first, second] = [await callOf(client, 'bare-1'), await callOf(client, 'bare-2')];
    expect(first['id']).toMatch(HEX_64);
    expect(second['id']).not.toBe(first['id']);
  });

  it('that several event types mean come once', async () => {
    const client = await open('event_types=call,call.CHANNEL_CREATE,call.*.*,call.*.once-1');
    expect(welcomeOf(client).subscriptions).toHaveLength(5);
    await system.publish(callCreated(CUSTOMER, 'once-1'));
    await system.publish(callCreated(CUSTOMER, 'once-2'));
    await callOf(client, 'once-2');
    expect(eventsOf(client).map(({ body }) => (body as Frame)['call_id'])).toEqual(['once-1', 'once-2']);
  });

  it('come of what was subscribed to, and nothing else', async () => {
    const client = await open('event_types=call.CHANNEL_DESTROY,call.*.Kept,object.doc_edited.user');
    await system.publish(callCreated(CUSTOMER, 'other'));
    await system.publish({
      ...callCreated(CUSTOMER, 'gone'),
      routingKey: 'call.CHANNEL_DESTROY.gone',
      name: 'CHANNEL_DESTROY',
    });
    await system.publish(callCreated(CUSTOMER, 'Kept'));
    await callOf(client, 'Kept');
    expect(eventsOf(client).map(({ body }) => (body as Frame)['call_id'])).toEqual(['gone', 'Kept']);
  });

  it('of one account only: one’s own, or one below that was named; all of them for the super admin', async () => {
    const watchers = {
      own: await open('event_types=call', { accountId: CUSTOMER }),
      sibling: await open('event_types=call', { accountId: SIBLING }),
      parent: await open('event_types=call', { accountId: RESELLER }),
      parentNaming: await open(`event_types=call&account_id=${CUSTOMER}`, { accountId: RESELLER }),
      rootNaming: await open(`event_types=call&account_id=${CUSTOMER}`, { accountId: ROOT }),
      superAdmin: await open('event_types=call&account_id=*', { accountId: ROOT }),
    };
    for (const account of [CUSTOMER, SIBLING, RESELLER, ROOT]) {
      await system.publish(callCreated(account, `of-${account.slice(0, 4)}`));
    }
    await callOf(watchers.superAdmin, `of-${ROOT.slice(0, 4)}`);
    const seen = async (client: WsClient): Promise<string> => {
      client.sendJson({ event_type: 'health', message: 'ping', id: 'flush' });
      await client.waitForFrame(({ ref_id }) => ref_id === 'flush');
      return eventsOf(client)
        .map(({ body }) => String((body as Frame)['call_id']).slice(3, 4))
        .join('');
    };
    expect({
      own: await seen(watchers.own),
      sibling: await seen(watchers.sibling),
      parent: await seen(watchers.parent),
      parentNaming: await seen(watchers.parentNaming),
      rootNaming: await seen(watchers.rootNaming),
      superAdmin: await seen(watchers.superAdmin),
    }).toEqual({
      own: 'c',
      sibling: 'd',
      parent: 'b',
      parentNaming: 'c',
      rootNaming: 'c',
      superAdmin: 'cdba',
    });
    await Promise.all(Object.values(watchers).map((client) => client.close()));
  });

  it('that may be missing are told as a gap', async () => {
    const client = await open('event_types=call');
    system.gap('reconnect', Date.UTC(2026, 0, 2));
    const gap = await client.waitForFrame(({ message }) => message === 'gap');
    expect(gap).toMatchObject({
      event_type: 'global',
      body: { since: '2026-01-02T00:00:00.000Z', reason: 'broker_reconnect' },
    });
  });
});

describe('messages of a client', () => {
  let client: WsClient;
  let clientId: string;

  beforeAll(async () => {
    client = await open();
    clientId = welcomeOf(client).client_id;
  });

  const answerTo = async (message: unknown): Promise<Frame> => {
    const before = client.frames.length;
    if (typeof message === 'string') client.sendText(message);
    else client.sendJson(message);
    await waitUntil(() => client.frames.length > before);
    return client.frames[before]!;
  };

  it('health ping is answered with pong, subscribed or not', async () => {
    const pong = await answerTo({ event_type: 'health', message: 'ping', id: 'p-1' });
    expect(Object.keys(pong)).toEqual(['id', 'ref_id', 'event_type', 'timestamp', 'message', 'client_id']);
    expect(pong).toMatchObject({ ref_id: 'p-1', event_type: 'health', message: 'pong', client_id: clientId });
    expect((await answerTo({ type: 'health', message: 'PING' }))['ref_id']).toMatch(HEX_64);
    expect(await answerTo({ event_type: 'health', message: 'ping', id: 7 })).toMatchObject({
      message: 'pong',
    });
  });

  it('system client-id is answered with it', async () => {
    expect(await answerTo({ event_type: 'system', message: 'Client-ID', id: 'c-1' })).toMatchObject({
      ref_id: 'c-1',
      event_type: 'system',
      message: 'client-id',
      body: { 'client-id': clientId },
      client_id: clientId,
    });
    expect(await answerTo({ event_type: 'system', id: 'c-2' })).toMatchObject({
      ref_id: 'c-2',
      event_type: 'system',
      message: 'error',
    });
  });

  it('in binary frames are read, too', async () => {
    const before = client.frames.length;
    client.socket.send(Buffer.from(JSON.stringify({ event_type: 'health', message: 'ping', id: 'bin' })), {
      binary: true,
    });
    await client.waitForFrame(({ ref_id }) => ref_id === 'bin');
    expect(client.frames).toHaveLength(before + 1);
  });

  it.each([
    ['no JSON', '{', /./],
    ['no object', '[1]', /must be a JSON object/],
    ['no type', {}, /^invalid message type $/],
    ['an unknown type', { event_type: 'pdfm' }, /^invalid message type pdfm$/],
    ['a type in another case', { event_type: 'Health', message: 'ping' }, /^invalid message type Health$/],
    ['a type that is no text', { event_type: 5 }, /^invalid message type number$/],
  ])('%s is an error that refers to nothing', async (_what, message, text) => {
    const error = await answerTo(message);
    expect(Object.keys(error)).toEqual(['id', 'event_type', 'timestamp', 'message', 'body']);
    expect(error).toMatchObject({ event_type: 'global', message: 'error' });
    expect((error['body'] as { error: string }).error).toMatch(text);
  });

  it('for a channel that takes none are an error, for an unknown verb silence', async () => {
    expect(await answerTo({ event_type: 'call', id: 'x-1' })).toMatchObject({
      event_type: 'global',
      message: 'error',
      ref_id: 'x-1',
      client_id: clientId,
      body: { error: 'no handlers registered for type call' },
    });
    client.sendJson({ event_type: 'health', message: 'sing', id: 'silent' });
    await answerTo({ event_type: 'health', message: 'ping', id: 'after' });
    expect(client.frames.some(({ ref_id }) => ref_id === 'silent')).toBe(false);
  });

  it('may be anything: rubbish is answered and changes nothing', async () => {
    const rubbish = ['', 'null', '"x"', '1e999', '{"event_type":{}}', '{"event_type":"system","message":[]}'];
    const before = client.frames.length;
    for (const text of rubbish) client.sendText(text);
    await waitUntil(() => client.frames.length >= before + rubbish.length);
    expect(await answerTo({ event_type: 'health', message: 'ping', id: 'alive' })).toMatchObject({
      ref_id: 'alive',
    });
  });
});

describe('the sockets of an owner', () => {
  const ownerOf = (token: string) => {
    const { accountId, userId } = system.directory.principalOf(token);
    return { account_id: accountId, user_id: userId ?? accountId };
  };
  const unsubscribe = (owner: object, clientId: string, ...event_types: string[]) =>
    system.peer.requestTo(system.broker.instance, unsubscribeHubClient, {
      ...(owner as { account_id: string; user_id: string }),
      client_id: clientId,
      event_types,
    });

  it('are listed for it alone; those of other protocols are none', async () => {
    const token = tokenOf(CUSTOMER);
    const client = await open('event_types=call,fax', { token });
    await open('', { accountId: CUSTOMER });
    const kazoo = await system.connect({ token });
    await kazoo.requestOk('ping');

    const { answers, missing } = await system.peer.requestAll(listHubClients, ownerOf(token));

    expect(missing).toEqual([]);
    expect(answers.flatMap(({ value }) => value.clients)).toEqual([
      {
        client_id: welcomeOf(client).client_id,
        subscriptions: ['call', 'fax', 'global'],
        ...ownerOf(token),
        connected_at: expect.stringMatching(ISO_TIME) as string,
        source: '127.0.0.1',
        destination: system.broker.instance,
      },
    ]);
  });

  it('lose the event types that are named, silently, and the broker the bindings', async () => {
    const token = tokenOf(CUSTOMER);
    const client = await open('event_types=messaging,health,call.*.kept', { token });
    const { client_id } = welcomeOf(client);
    expect(system.bindings()).toContain('messaging messaging.#');

    expect(await unsubscribe(ownerOf(token), client_id, 'messaging', 'object', 'global', 'health')).toEqual({
      removed: ['messaging', 'health'],
      not_subscribed: ['object', 'global'],
    });

    await waitUntil(() => !system.bindings().includes('messaging messaging.#'));
    const frames = client.frames.length;
    await system.publish(callCreated(CUSTOMER, 'kept'));
    await callOf(client, 'kept');
    expect(client.frames).toHaveLength(frames + 1);
    expect(await unsubscribe(ownerOf(token), client_id, 'messaging')).toEqual({
      removed: [],
      not_subscribed: ['messaging'],
    });
  });

  it('are not there for anybody else', async () => {
    const token = tokenOf(CUSTOMER);
    const { client_id } = welcomeOf(await open('event_types=call', { token }));
    const own = ownerOf(token);
    const strangers = [
      { ...own, user_id: 'another' },
      { ...own, user_id: CUSTOMER },
      { ...own, account_id: SIBLING },
      { ...own, account_id: ROOT },
    ];
    for (const owner of strangers) {
      await expect(unsubscribe(owner, client_id, 'call')).rejects.toMatchObject({ code: 'not_found' });
    }
    const unknown = [clientIdOf(newSocketId(instanceTagOf(system.broker.instance.slice(-8)))), 'nonsense'];
    for (const id of unknown) {
      await expect(unsubscribe(own, id, 'call')).rejects.toMatchObject({ code: 'not_found' });
    }
    const kazoo = await system.connect({ token });
    await kazoo.requestOk('ping');
    const kazooIds = [...(await system.peer.requestAll(listHubClients, own)).answers];
    expect(kazooIds.flatMap(({ value }) => value.clients)).toHaveLength(1);
    expect(await unsubscribe(own, client_id, 'call')).toEqual({ removed: ['call'], not_subscribed: [] });
  });
});

describe('a socket is closed', () => {
  it('1008 when its token is revoked, with the reason before it', async () => {
    const token = tokenOf(CUSTOMER);
    const client = await open('event_types=call', { token });
    system.directory.revoke(token);
    expect(await client.closed).toEqual({ code: 1008, reason: 'authentication revoked' });
    expect(client.frames.at(-1)).toMatchObject({
      event_type: 'global',
      message: 'error',
      body: { error: 'authentication revoked' },
    });
  });

  it('1008 when its token expires', async () => {
    const token = system.directory.tokenFor(CUSTOMER, { userId: 'brief', expiresAtMs: Date.now() + 300 });
    const client = await open('event_types=call', { token });
    expect((await client.closed).code).toBe(1008);
  });

  it('1009 when it sends too much at once', async () => {
    const client = await open();
    client.sendText('x'.repeat(70_000));
    expect((await client.closed).code).toBe(1009);
  });

  it('1013 when it does not read', async () => {
    const slow = await startBlackhole({ wsMaxQueuedBytes: 64 * 1024 });
    const raw = await RawSocket.handshake(urlOf('event_types=call', undefined, slow), {
      Authorization: slow.directory.tokenFor(CUSTOMER),
    });
    await raw.waitFor((bytes) => bytes.includes('client_id'));
    raw.socket.pause();
    const filler = 'x'.repeat(60_000);
    await waitUntil(
      async () => {
        const draft = callCreated(CUSTOMER, 'fill');
        await slow.publish({ ...draft, body: { ...draft.body, filler } });
        return (await slow.metric('ringdown_blackhole_slow_closes_total 1')).length === 1;
      },
      { timeoutMs: 30_000, intervalMs: 1 },
    );
    raw.socket.resume();
    await waitUntil(async () => (await slow.metric('ringdown_blackhole_closes_total{')).length > 0);
    expect(await slow.metric('ringdown_blackhole_closes_total{')).toEqual([
      'ringdown_blackhole_closes_total{code="1013",reason="too_slow"} 1',
    ]);
    expect(raw.received.toString('latin1')).toContain('too slow: events were queued for too long');
    await slow.stop();
  }, 60_000);

  it('without a word when it does not answer pings, half an interval after one', async () => {
    const lively = await startBlackhole({ wsHeartbeatIntervalMs: 300 });
    const raw = await RawSocket.handshake(urlOf('', undefined, lively), {
      Authorization: lively.directory.tokenFor(CUSTOMER),
    });
    await raw.closed;
    // One ping and no second: the welcome is the only other frame.
    const pings = [...raw.received].filter((byte) => byte === 0x89).length;
    expect(pings).toBe(1);
    await lively.stop();
  });

  it('1001 at the end, which is told before', async () => {
    const ending = await startBlackhole();
    const client = await WsClient.connect(urlOf('event_types=call', undefined, ending), {
      headers: { authorization: ending.directory.tokenFor(CUSTOMER) },
    });
    await client.waitForFrame(() => true);
    const stopped = ending.stop();
    expect(await client.closed).toEqual({ code: 1001, reason: 'server shutting down' });
    expect(client.frames.at(-1)).toMatchObject({ event_type: 'global', message: 'shutdown' });
    await stopped;
  });

  it('not when only the account it watched is lost: it is told, and keeps what is its own', async () => {
    const lost = 'f'.repeat(32);
    system.directory.addAccount(lost, [ROOT, RESELLER]);
    const token = tokenOf(RESELLER);
    const client = await open(`event_types=call&account_id=${lost}`, { token });
    system.directory.removeAccount(lost);
    const notice = await client.waitForFrame(({ message }) => message === 'error');
    expect(notice['body']).toEqual({
      error: 'no longer authorized for the account',
      unsubscribed: ['call'],
      subscriptions: ['global'],
    });
  });
});
