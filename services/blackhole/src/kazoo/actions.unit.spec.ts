import { listSockets } from '@ringdown/contracts';
import { waitUntil, type WsClient } from '@ringdown/testing';
import { closeReasons } from '../core/close-codes';
import {
  CUSTOMER,
  RESELLER,
  ROOT,
  SIBLING,
  callCreated,
  startBlackhole,
  type TestBlackhole,
} from '../testing/start-blackhole';

let system: TestBlackhole;
let client: WsClient;

beforeAll(async () => {
  system = await startBlackhole({ wsMaxSubscriptions: 12 });
});

beforeEach(async () => {
  client = await system.connect({ token: system.token });
});

afterEach(async () => {
  await client.close();
});

async function errorOf(action: string, data?: unknown, extra: Record<string, unknown> = {}): Promise<string> {
  const reply = await client.request(action, data, extra);
  expect(reply.status).toBe('error');
  expect(Object.keys(reply).sort()).toEqual(['action', 'data', 'request_id', 'status']);
  expect(reply.data.errors).toHaveLength(1);
  return reply.data.errors![0]!;
}

describe('ping', () => {
  it('answers pong under the request id of the client', async () => {
    const reply = await client.request('ping', undefined, { request_id: 'p1' });

    expect(reply).toEqual({
      action: 'reply',
      request_id: 'p1',
      status: 'success',
      data: { response: 'pong' },
    });
  });

  it('makes up a request id when the client gives none', async () => {
    client.sendJson({ action: 'ping', auth_token: system.token });

    const reply = await client.waitForFrame((frame) => frame['action'] === 'reply');

    expect(reply['request_id']).toMatch(/^[0-9a-f]{32}$/);
  });

  it('needs no token once the session is authenticated', async () => {
    await client.requestOk('ping');
    client.token = undefined;

    await client.requestOk('ping');
  });
});

describe('subscribe', () => {
  it('answers with what was added and with everything', async () => {
    const first = await client.subscribe('call.CHANNEL_CREATE.*');
    const second = await client.subscribe(['object.*.user', 'call.*.*']);

    expect(first.data).toEqual({
      subscribed: ['call.CHANNEL_CREATE.*'],
      subscriptions: ['call.CHANNEL_CREATE.*'],
    });
    expect(second.data).toEqual({
      subscribed: ['object.*.user', 'call.*.*'],
      subscriptions: ['call.CHANNEL_CREATE.*', 'object.*.user', 'call.*.*'],
    });
  });

  it('adds a binding once, however often it is asked for', async () => {
    await client.subscribe('call.*.*');

    const again = await client.subscribe(['call.*.*', 'call.*.*']);

    expect(again.data).toEqual({ subscribed: [], subscriptions: ['call.*.*'] });
    await system.publish(callCreated(CUSTOMER, 'once'));
    await client.nextEvent();
    await client.flush();
    expect(client.events).toHaveLength(1);
  });

  it('prefers the list when both forms are given', async () => {
    const reply = await client.requestOk('subscribe', { binding: 'call.*.*', bindings: ['object.*.user'] });

    expect(reply.data['subscribed']).toEqual(['object.*.user']);
  });

  it('is answered only after the broker confirmed the binding', async () => {
    let confirm!: () => void;
    system.beforeBind = () => new Promise((resolve) => (confirm = resolve));
    client.sendJson({
      action: 'subscribe',
      request_id: 'slow',
      auth_token: system.token,
      data: { binding: 'fax.status.*' },
    });
    await waitUntil(() => confirm !== undefined);

    const other = await system.connect({ token: system.token });
    await other.flush();
    expect(client.frames).toEqual([]);

    system.beforeBind = () => Promise.resolve();
    confirm();
    const reply = await client.waitForReply('slow');
    expect(reply.status).toBe('success');
    expect(system.bindings()).toContain('fax fax.status.*.#');
  });

  it('is refused, and forgotten, when the broker refuses', async () => {
    system.beforeBind = () => Promise.reject(new Error('no'));

    expect(await errorOf('subscribe', { binding: 'fax.object.*' })).toBe('events unavailable, try again');

    system.beforeBind = () => Promise.resolve();
    const later = await client.subscribe('fax.object.*');
    expect(later.data['subscriptions']).toEqual(['fax.object.*']);
  });

  it('refuses more subscriptions than a socket may have, as a whole', async () => {
    await client.subscribe('call.*.*');
    const bindings = Array.from({ length: 12 }, (_, index) => `call.*.limit-${index}`);

    expect(await errorOf('subscribe', { bindings })).toBe('subscription limit of 12 reached');

    expect((await client.subscribe('call.*.*')).data['subscriptions']).toEqual(['call.*.*']);
    await waitUntil(() => !system.bindings().some((binding) => binding.includes('limit-')));
  });

  it('checks bindings in order and changes nothing when one is faulty', async () => {
    const error = await errorOf('subscribe', { bindings: ['call.*.*', 'call.NOPE.*', 'nonsense'] });

    expect(error).toBe('event NOPE not supported');
    expect((await client.subscribe('object.*.user')).data['subscriptions']).toEqual(['object.*.user']);
  });
});

describe('unsubscribe', () => {
  it('answers with what was removed and what remains', async () => {
    await client.subscribe(['call.*.*', 'object.*.user']);

    const reply = await client.unsubscribe('call.*.*');

    expect(reply.data).toEqual({
      unsubscribed: ['call.*.*'],
      subscribed: ['object.*.user'],
      subscriptions: ['object.*.user'],
    });
  });

  it('takes several bindings, also such as are not subscribed', async () => {
    await client.subscribe(['call.*.*', 'object.*.user']);

    const reply = await client.unsubscribe(['call.*.*', 'fax.status.*']);

    expect(reply.data['unsubscribed']).toEqual(['call.*.*', 'fax.status.*']);
    expect(reply.data['subscriptions']).toEqual(['object.*.user']);
  });

  it.each([undefined, {}, null])('removes everything when no binding is given (data %j)', async (data) => {
    await client.subscribe(['call.*.*', 'object.*.user']);

    const reply = await client.requestOk('unsubscribe', data);

    expect(reply.data).toEqual({
      unsubscribed: ['call.*.*', 'object.*.user'],
      subscribed: [],
      subscriptions: [],
    });
    await system.publish(callCreated(CUSTOMER, 'gone'));
    await client.flush();
    expect(client.events).toEqual([]);
  });

  it('keeps the same binding for another account', async () => {
    const parent = await system.connectAs(RESELLER);
    await parent.subscribe('call.CHANNEL_CREATE.*', CUSTOMER);
    await parent.subscribe('call.CHANNEL_CREATE.*', SIBLING);

    await parent.unsubscribe('call.CHANNEL_CREATE.*', CUSTOMER);
    await system.publish(callCreated(CUSTOMER, 'not-this'));
    await system.publish(callCreated(SIBLING, 'but-this'));

    expect((await parent.nextEvent()).data['call_id']).toBe('but-this');
    expect(parent.events).toHaveLength(1);
  });

  it('removes everything of one account when only the account is given', async () => {
    const parent = await system.connectAs(RESELLER);
    await parent.subscribe('call.*.*', CUSTOMER);
    await parent.subscribe('object.*.user');

    const reply = await parent.requestOk('unsubscribe', { account_id: CUSTOMER });

    expect(reply.data).toMatchObject({ unsubscribed: ['call.*.*'], subscriptions: ['object.*.user'] });
  });

  it('checks bindings as subscribe does', async () => {
    expect(await errorOf('unsubscribe', { binding: 'call.NOPE.*' })).toBe('event NOPE not supported');
    expect(await errorOf('unsubscribe', { binding: null })).toBe('binding must be a string');
    expect(await errorOf('unsubscribe', { bindings: [] })).toBe('empty subscription');
    expect(await errorOf('unsubscribe', 'all')).toBe('missing required keys in data object');
  });
});

describe('errors, each of which leaves the socket open', () => {
  it.each<[string, unknown]>([
    ['missing required keys in data object', undefined],
    ['missing required keys in data object', 'text'],
    ['missing required keys in data object', ['call.*.*']],
    ['missing required keys in data object', {}],
    ['missing required keys : binding', { account_id: CUSTOMER }],
    ['empty subscription', { bindings: [] }],
    ['empty subscription', { binding: '' }],
    ['binding must be a string', { binding: 7 }],
    ['binding must be a string', { binding: ['call.*.*'] }],
    ['bindings must be a list of strings', { bindings: 'call.*.*' }],
    ['bindings must be a list of strings', { bindings: ['call.*.*', 7] }],
    ['event NOPE not supported', { binding: 'call.NOPE.*' }],
    ['invalid format for call subscription : CHANNEL_CREATE', { binding: 'call.CHANNEL_CREATE' }],
    ['ConferenceId required', { binding: 'conference.event.*.*' }],
    ['invalid format for conference subscription : event', { binding: 'conference.event' }],
    ['invalid format for fax subscription : status', { binding: 'fax.status' }],
    ['event doc_made.user not supported', { binding: 'object.doc_made.user' }],
    ['event *.cat not supported', { binding: 'object.*.cat' }],
    ['event doc_made.* not supported', { binding: 'object.doc_made.*' }],
    ['invalid format for object subscription : doc_created', { binding: 'object.doc_created' }],
    ['no available subscriptions to requested binding', { binding: 'queue.created.*' }],
    ['no available subscriptions to requested binding', { binding: '#' }],
    ['unauthorized account id', { binding: 'call.*.*', account_id: SIBLING }],
    ['unauthorized account id', { binding: 'call.*.*', account_id: RESELLER }],
    ['unauthorized account id', { binding: 'call.*.*', account_id: 'nobody' }],
    ['unauthorized account id', { binding: 'call.*.*', account_id: '' }],
    ['unauthorized account id', { binding: 'call.*.*', account_id: 7 }],
    ['unauthorized wildcard account id', { binding: 'call.*.*', account_id: '*' }],
    ['unauthorized wildcard for conference id', { binding: 'conference.event.*.*.*' }],
  ])('%s: subscribe %j', async (text, data) => {
    expect(await errorOf('subscribe', data)).toBe(text);
    await client.requestOk('ping');
  });

  it('validates before it authorises', async () => {
    expect(await errorOf('subscribe', { binding: 'call.NOPE.*', account_id: SIBLING })).toBe(
      'event NOPE not supported',
    );
  });

  it('names an action it does not know, and asks for a missing one', async () => {
    expect(await errorOf('dance')).toBe('unknown action dance');
    expect(await errorOf('')).toBe('missing required keys : action');
    expect(await errorOf('ping', undefined, { action: 5 })).toBe('missing required keys : action');
    expect(await errorOf('constructor')).toBe('unknown action constructor');
  });

  it.each<[string, string | Buffer]>([
    ['invalid JSON', '{"action":'],
    ['invalid JSON', ''],
    ['message must be a JSON object', '[1,2]'],
    ['message must be a JSON object', 'null'],
    ['message must be a JSON object', '"ping"'],
    ['binary messages are not supported', Buffer.from('{"action":"ping"}')],
  ])('%s: %s', async (text, message) => {
    client.socket.send(message);

    const reply = await client.waitForFrame((frame) => frame['action'] === 'reply');

    expect(reply).toMatchObject({ status: 'error', data: { errors: [text] } });
    await client.requestOk('ping');
  });

  it('bounds name and metadata', async () => {
    expect(await errorOf('ping', undefined, { name: 7 })).toBe(
      'name must be a string of at most 256 characters',
    );
    expect(await errorOf('ping', undefined, { name: 'x'.repeat(257) })).toMatch(/^name must be/);
    expect(await errorOf('ping', undefined, { metadata: 'x'.repeat(5000) })).toBe(
      'metadata must not be larger than 4096 bytes',
    );
    await client.requestOk('ping');
    const deep = `${'['.repeat(20_000)}${']'.repeat(20_000)}`;
    client.sendText(`{"action":"ping","request_id":"deep","metadata":${deep}}`);
    expect((await client.waitForReply('deep')).data.errors).toEqual([
      'metadata must not be larger than 4096 bytes',
    ]);
  });
});

describe('authentication', () => {
  it('is needed by every action, also unknown ones', async () => {
    client.token = undefined;

    for (const action of ['ping', 'subscribe', 'unsubscribe', 'dance']) {
      expect(await errorOf(action)).toBe('authentication token required');
    }
  });

  it('refuses a token that is no string', async () => {
    client.token = undefined;

    expect(await errorOf('ping', undefined, { auth_token: { a: 1 } })).toBe(
      'invalid authentication token format',
    );
  });

  it('echoes no more than the first characters of a refused token', async () => {
    client.token = undefined;
    const token = `eyJhbGciOiJIUzI1NiJ9.${'x'.repeat(60)}`;

    const error = await errorOf('ping', undefined, { auth_token: token });
    const short = await errorOf('ping', undefined, { auth_token: 'sesame' });

    expect(error).toBe('failed to authenticate token eyJhbGci…');
    expect(short).toBe('failed to authenticate token s…');
  });

  it('is forgotten when the request that brought it fails', async () => {
    expect(await errorOf('subscribe', { binding: 'nonsense' })).toMatch(/no available/);
    client.token = undefined;

    expect(await errorOf('ping')).toBe('authentication token required');
  });

  it('changes nothing, name included, when a request fails', async () => {
    await client.requestOk('ping', undefined, { name: 'before' });
    await errorOf('subscribe', { binding: 'nonsense' }, { name: 'after' });

    const { answers } = await system.peer.requestAll(listSockets, { account_ids: [CUSTOMER] });
    const names = answers.flatMap(({ value }) => value.sockets.map(({ name }) => name));
    expect(names).toContain('before');
    expect(names).not.toContain('after');
  });

  it('says when it cannot find out, and does not allow', async () => {
    await client.requestOk('ping');
    system.directory.unavailable = true;
    try {
      client.token = system.directory.tokenFor(CUSTOMER);
      expect(await errorOf('ping')).toBe('authorization unavailable, try again');
      client.token = undefined;
      expect(await errorOf('subscribe', { binding: 'call.*.*', account_id: 'child' })).toBe(
        'authorization unavailable, try again',
      );
    } finally {
      system.directory.unavailable = false;
    }
  });

  it('is renewed by a fresh token of the same account', async () => {
    await client.requestOk('ping');
    const fresh = system.directory.tokenFor(CUSTOMER);

    await client.requestOk('ping', undefined, { auth_token: fresh });

    // The old token is of no account any more.
    system.directory.revoke(system.token);
    await client.requestOk('ping', undefined, { auth_token: fresh });
    system.directory.revoke(fresh);
    expect((await client.closed).code).toBe(4003);
    client = await system.connect();
    Object.assign(system, { token: system.directory.tokenFor(CUSTOMER) });
  });

  it('keeps its principal when the new token is refused', async () => {
    await client.requestOk('ping');

    expect(await errorOf('ping', undefined, { auth_token: 'no-such-token' })).toMatch(
      /^failed to authenticate token no-…$/,
    );

    client.token = undefined;
    await client.requestOk('ping');
  });

  it('refuses a token of another account', async () => {
    await client.requestOk('ping');

    expect(await errorOf('ping', undefined, { auth_token: system.directory.tokenFor(SIBLING) })).toBe(
      'token of another account: open a new connection',
    );
  });

  it('takes the wildcard away when a renewal names somebody who may not have it', async () => {
    const admin = await system.connectAs(ROOT);
    await admin.subscribe('call.*.*', '*');
    await admin.subscribe('object.*.user');

    await admin.requestOk('ping', undefined, {
      auth_token: system.directory.tokenFor(ROOT, { userId: 'plain' }),
    });

    const notice = await admin.waitForFrame((frame) => frame['status'] === 'error');
    expect(notice['data']).toEqual({
      errors: ['unauthorized account id'],
      unsubscribed: ['call.*.*'],
      subscribed: ['object.*.user'],
      subscriptions: ['object.*.user'],
    });
    await system.publish(callCreated(CUSTOMER, 'secret'));
    await admin.flush();
    expect(admin.events).toEqual([]);
  });
});

it('has a text for every reason to close', () => {
  for (const reason of Object.values(closeReasons)) expect(Buffer.byteLength(reason.text)).toBeLessThan(123);
});
