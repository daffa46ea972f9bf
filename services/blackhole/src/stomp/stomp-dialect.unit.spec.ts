import { messageRoutingKey, type EventDraft } from '@ringdown/contracts';
import { UpgradeRefused, WsClient, waitUntil } from '@ringdown/testing';
import {
  CUSTOMER,
  RESELLER,
  ROOT,
  SIBLING,
  callCreated,
  startBlackhole,
  type TestBlackhole,
} from '../testing/start-blackhole';
import { StompClient, type StompConnectOptions } from '../testing/stomp-client';
import { stompVersions } from './codec';

let system: TestBlackhole;
let url: string;

beforeAll(async () => {
  system = await startBlackhole();
  url = new URL('/ws.communication', system.url).href;
});

const connect = (options: StompConnectOptions = {}): Promise<StompClient> =>
  StompClient.connect(url, { token: system.token, ...options });

function chatMessage(accountId: string, id: string): EventDraft {
  return {
    family: 'messaging',
    routingKey: messageRoutingKey('conv-1'),
    name: 'message',
    accountId,
    body: {
      account_id: accountId,
      event_category: 'messaging',
      conversation_id: 'conv-1',
      channel_id: 'chan-1',
      message: {
        id,
        content: '{"text":"Hello World"}',
        delivery_state: 'DELIVERED',
        sender_type: 'source_contact',
        sent_at: '2026-01-05T10:00:00.000Z',
        extra: 'left out',
      },
    },
  };
}

/** What a client is told, and how it is closed. */
async function refusalOf(client: StompClient): Promise<unknown[]> {
  const { error, code } = await client.failure();
  return [error?.headers['message'], code];
}

describe('CONNECT', () => {
  it.each([
    ['C4: of those both have the highest counts', '1.0,1.1,1.2', '1.2'],
    ['C4: whatever their order', '1.2,1.0,1.1', '1.2'],
    ['C4: those nobody knows do not count', '1.1,1.0,2.0', '1.1'],
    ['C4: spaces do not matter', '1.0, 1.1', '1.1'],
    ['C3: without accept-version it is 1.0', undefined, '1.0'],
  ])('%s', async (_rule, accepted, version) => {
    const client = await StompClient.open(url);
    client.send('CONNECT', {
      Authorization: system.token,
      ...(accepted === undefined ? {} : { 'accept-version': accepted }),
    });

    const { headers } = await client.next('CONNECTED');

    // C5, C6: a session for 1.0, the server's name; no host is needed.
    expect(headers).toMatchObject({ version, server: 'ringdown', 'heart-beat': '30000,30000' });
    expect(headers['session']).toMatch(/^[0-9a-f]{32}$/);
    expect(headers['user-name']).toBe('user-1');
  });

  it('C4: no common version is an ERROR that names ours', async () => {
    const client = await StompClient.open(url);
    client.send('CONNECT', { 'accept-version': '2.0', Authorization: system.token });

    const { error, code } = await client.failure();

    expect(code).toBe(1002);
    expect(error?.headers).toMatchObject({ version: '1.0,1.1,1.2', 'content-type': 'text/plain' });
    expect(error?.body).toContain('1.0 1.1 1.2');
  });

  it('C1: anything before it is an ERROR', async () => {
    const client = await StompClient.open(url);
    client.send('SUBSCRIBE', { id: '1', destination: '/queue/message', receipt: 'r' });

    expect(await refusalOf(client)).toEqual(['the first frame must be CONNECT', 1002]);
    expect(client.frames[0]?.headers['receipt-id']).toBe('r');
  });

  it('C1: line ends before it are not', async () => {
    const client = await StompClient.open(url);
    client.socket.send('\n');
    client.socket.send('\r\n');
    client.send('CONNECT', { 'accept-version': '1.2', Authorization: system.token });

    await client.next('CONNECTED');
  });

  it('C1: a second one is an ERROR', async () => {
    const client = await connect();
    client.send('CONNECT', { 'accept-version': '1.2', Authorization: system.token });

    expect(await refusalOf(client)).toEqual(['already connected', 1002]);
  });

  it('C2: STOMP is the same', async () => {
    const client = await StompClient.open(url);
    client.send('STOMP', { 'accept-version': '1.2', Authorization: system.token });

    await client.next('CONNECTED');
  });

  it('C2: STOMP without accept-version is an ERROR', async () => {
    const client = await StompClient.open(url);
    client.send('STOMP', { Authorization: system.token });

    expect(await refusalOf(client)).toEqual(['missing header accept-version', 1002]);
  });

  it('C7: gets no RECEIPT', async () => {
    const client = await connect({ headers: { receipt: 'no' } });
    await client.subscribe('1', '/queue/message');

    expect(client.frames.map(({ command }) => command)).toEqual(['CONNECTED', 'RECEIPT']);
    expect(client.frames[1]?.headers['receipt-id']).not.toBe('no');
  });

  it('C8: that does not come in time is an ERROR', async () => {
    const hasty = await startBlackhole({ wsUnauthenticatedTimeoutMs: 200 });
    const at = new URL('/ws.communication', hasty.url).href;
    const silent = await StompClient.open(at, { authorization: hasty.token });

    expect(await refusalOf(silent)).toEqual(['no CONNECT frame in time', 1002]);
    await hasty.stop();
  });

  it.each(['x', '1', '1,2,3', '-1,0', '1, 2', ''])('H1: heart-beat `%s` is an ERROR', async (value) => {
    const client = await StompClient.open(url);
    client.send('CONNECT', { 'accept-version': '1.1', Authorization: system.token, 'heart-beat': value });

    expect(await refusalOf(client)).toEqual(['invalid heart-beat header', 1002]);
  });
});

describe('the token', () => {
  it.each(['Authorization', 'authorization', 'AUTHORIZATION'])('may be in %s of CONNECT', async (name) => {
    for (const value of [system.token, `Bearer ${system.token}`]) {
      await (await StompClient.connect(url, { headers: { [name]: value } })).subscribe('1', '/queue/message');
    }
  });

  it('may be in the handshake instead', async () => {
    const client = await StompClient.open(url, { authorization: `Bearer ${system.token}` });
    client.send('CONNECT', { 'accept-version': '1.2' });

    await client.next('CONNECTED');
  });

  it('that is bad is refused with 403 in the handshake', async () => {
    const refused = WsClient.connect(url, { headers: { authorization: 'nonsense' } });

    await expect(refused).rejects.toMatchObject({ status: 403 });
    await expect(refused).rejects.toBeInstanceOf(UpgradeRefused);
  });

  it.each([
    ['missing', {}],
    ['bad', { Authorization: 'nonsense' }],
    ['empty', { Authorization: '' }],
  ])('that is %s in CONNECT is an ERROR with 401', async (_how, headers) => {
    const client = await StompClient.open(url);
    client.send('CONNECT', { 'accept-version': '1.2', ...headers });

    expect(await refusalOf(client)).toEqual(['401 Unauthorized', 1002]);
  });

  it('of CONNECT counts when both are given, also when it is the bad one', async () => {
    const sibling = system.directory.tokenFor(SIBLING, { userId: 'sibling' });
    const client = await StompClient.open(url, { authorization: system.token });
    client.send('CONNECT', { 'accept-version': '1.2', Authorization: sibling });
    expect((await client.next('CONNECTED')).headers['user-name']).toBe('sibling');

    const bad = await StompClient.open(url, { authorization: system.token });
    bad.send('CONNECT', { 'accept-version': '1.2', Authorization: 'nonsense' });
    expect(await refusalOf(bad)).toEqual(['401 Unauthorized', 1002]);
  });

  it('that cannot be checked is an ERROR that says so', async () => {
    const client = await StompClient.open(url);
    system.directory.unavailable = true;
    try {
      client.send('CONNECT', { 'accept-version': '1.2', Authorization: system.token });
      expect(await refusalOf(client)).toEqual(['authorization unavailable, try again', 1002]);
    } finally {
      system.directory.unavailable = false;
    }
  });

  it('that is revoked ends the connection with a 401', async () => {
    const token = system.directory.tokenFor(CUSTOMER, { userId: 'gone' });
    const client = await connect({ token });
    await client.subscribe('1', '/queue/message');

    system.directory.revoke(token);

    expect(await refusalOf(client)).toEqual(['401 Unauthorized, authentication revoked', 1002]);
  });
});

describe('SUBSCRIBE', () => {
  it.each([
    ['S1: without destination', '1.2', { id: '1' }, 'missing header destination'],
    ['S1: without id in 1.1', '1.1', { destination: '/queue/message' }, 'missing header id'],
    ['S1: without id in 1.2', '1.2', { destination: '/queue/message' }, 'missing header id'],
    [
      'S1: with an unknown ack mode',
      '1.2',
      { id: '1', destination: '/queue/message', ack: 'x' },
      'unknown ack mode',
    ],
    [
      'S1: client-individual in 1.0',
      '1.0',
      { destination: '/queue/message', ack: 'client-individual' },
      'unknown ack mode',
    ],
    ['S3: to what does not exist', '1.2', { id: '1', destination: '/queue/other' }, 'unknown destination'],
    [
      'S3: to a topic that is no binding',
      '1.2',
      { id: '1', destination: '/topic/nonsense.x' },
      /^unknown destination, /,
    ],
    [
      'S3: for an account out of reach',
      '1.2',
      { id: '1', destination: '/queue/message', account_id: SIBLING },
      'unauthorized account id',
    ],
    [
      'S3: for all accounts by an ordinary user',
      '1.2',
      { id: '1', destination: '/queue/message', account_id: '*' },
      'unauthorized wildcard account id',
    ],
    [
      'S3: with a selector',
      '1.2',
      { id: '1', destination: '/queue/message', selector: 'a' },
      'selectors are not supported',
    ],
  ] as const)('%s is an ERROR', async (_rule, version, headers, message) => {
    const client = await connect({ version });
    client.send('SUBSCRIBE', { ...headers, receipt: 'r-9' });

    const { error, code } = await client.failure();

    expect(error?.headers['message']).toMatch(message);
    // R2: the ERROR carries the receipt-id, and no RECEIPT comes.
    expect(error?.headers['receipt-id']).toBe('r-9');
    expect(client.frames.some(({ command }) => command === 'RECEIPT')).toBe(false);
    expect(code).toBe(1002);
  });

  it('S2: a second time with the same id is an ERROR', async () => {
    const client = await connect();
    await client.subscribe('1', '/queue/message');
    client.send('SUBSCRIBE', { id: '1', destination: '/events' });

    expect(await refusalOf(client)).toEqual(['already subscribed with this id', 1002]);
  });

  it('S2: with another id gets every message twice', async () => {
    const client = await connect();
    await client.subscribe('1', '/queue/message');
    await client.subscribe('2', '/queue/message');

    await system.publish(chatMessage(CUSTOMER, 'm-1'));

    const messages = await client.messageCount(2);
    expect(messages.map(({ headers }) => headers['subscription']).sort()).toEqual(['1', '2']);
  });

  it('L1: is allowed 64 times', async () => {
    const client = await connect();
    for (let id = 0; id < 64; id += 1) {
      client.send('SUBSCRIBE', { id: String(id), destination: '/queue/message' });
    }
    client.send('SUBSCRIBE', { id: '64', destination: '/queue/message' });

    expect(await refusalOf(client)).toEqual(['too many subscriptions', 1002]);
  });

  it('that fails takes the whole connection with it and leaves nothing subscribed', async () => {
    const client = await connect();
    await client.subscribe('1', '/topic/call.CHANNEL_CREATE.left-over');
    client.send('SUBSCRIBE', { id: '1', destination: '/events' });
    await client.closed;

    await waitUntil(() => !system.bindings().join().includes('left-over'));
  });
});

describe('UNSUBSCRIBE', () => {
  it.each(stompVersions)('S4: by id ends a subscription in %s', async (version) => {
    const client = await connect({ version });
    await client.subscribe('1', '/queue/message');
    await client.subscribe('2', '/events');
    await client.confirmed('UNSUBSCRIBE', { id: '1' });

    await system.publish(chatMessage(CUSTOMER, 'm-1'));

    await client.messageCount(1);
    await client.confirmed('UNSUBSCRIBE', { id: '2' });
    expect(client.messages.map(({ headers }) => headers['subscription'])).toEqual(['2']);
  });

  it('S4: by destination ends a subscription in 1.0', async () => {
    const client = await connect({ version: '1.0' });
    await client.confirmed('SUBSCRIBE', { destination: '/queue/message' });
    await client.confirmed('UNSUBSCRIBE', { destination: '/queue/message' });
    await client.confirmed('SUBSCRIBE', { destination: '/events' });

    await system.publish(chatMessage(CUSTOMER, 'm-1'));

    expect((await client.messageCount(1))[0]?.headers['destination']).toBe('/events');
  });

  it.each([
    ['S4: of what is not subscribed', '1.2', { id: '7' }, 'not subscribed'],
    ['S4: without id', '1.2', { destination: '/queue/message' }, 'missing header id'],
    ['S4: without either in 1.0', '1.0', {}, 'missing header id'],
  ] as const)('%s is an ERROR', async (_rule, version, headers, message) => {
    const client = await connect({ version });
    client.send('UNSUBSCRIBE', headers);

    expect(await refusalOf(client)).toEqual([message, 1002]);
  });
});

describe('MESSAGE', () => {
  it.each(stompVersions)('M1, M2: has the headers of %s', async (version) => {
    const client = await connect({ version });
    await client.subscribe('a', '/queue/message');
    await client.subscribe('b', '/queue/message', { ack: 'client' });

    await system.publish(chatMessage(CUSTOMER, 'm-1'));

    const messages = await client.messageCount(2);
    const [auto, acked] = ['a', 'b'].map(
      (id) => messages.find(({ headers }) => headers['subscription'] === id)!.headers,
    );
    for (const headers of [auto!, acked!]) {
      expect(headers).toMatchObject({ destination: '/queue/message', 'content-type': 'application/json' });
      expect(Number(headers['content-length'])).toBe(Buffer.byteLength(messages[0]!.body));
    }
    expect(auto!['message-id']).not.toBe(acked!['message-id']);
    expect(auto!['ack']).toBeUndefined();
    expect(acked!['ack']).toBe(version === '1.2' ? acked!['message-id'] : undefined);
  });

  it('M1: has no subscription in 1.0 where the client gave no id', async () => {
    const client = await connect({ version: '1.0' });
    await client.confirmed('SUBSCRIBE', { destination: '/queue/message' });

    await system.publish(chatMessage(CUSTOMER, 'm-1'));

    expect((await client.messageCount(1))[0]?.headers['subscription']).toBeUndefined();
  });

  it('M1: has an id of its own each, in the order of the events', async () => {
    const client = await connect();
    await client.subscribe('a', '/topic/call.*.*');

    for (let call = 0; call < 50; call += 1) await system.publish(callCreated(CUSTOMER, `order-${call}`));

    const messages = await client.messageCount(50);
    expect(messages.map(({ body }) => (JSON.parse(body) as { call_id: string }).call_id)).toEqual(
      Array.from({ length: 50 }, (_, call) => `order-${call}`),
    );
    expect(new Set(messages.map(({ headers }) => headers['message-id'])).size).toBe(50);
  });
});

describe('RECEIPT', () => {
  it('R1: comes after the frame took effect', async () => {
    const client = await connect();
    let bound!: () => void;
    const gate = new Promise<void>((resolve) => (bound = resolve));
    system.beforeBind = () => gate;
    client.send('SUBSCRIBE', { id: '1', destination: '/topic/call.*.receipt-test', receipt: 'first' });
    client.send('BEGIN', { transaction: 't', receipt: 'second' });
    await (await connect()).confirmed('BEGIN', { transaction: 't' });
    expect(client.frames).toHaveLength(1);
    bound();
    system.beforeBind = () => Promise.resolve();

    await waitUntil(() => client.frames.length === 3);
    expect(client.frames.slice(1).map(({ headers }) => headers['receipt-id'])).toEqual(['first', 'second']);
  });

  it.each([
    ['1.0', 'a:b\\c', 'a:b\\c'],
    ['1.1', 'a\\cb\\\\c\\n', 'a:b\\c\n'],
    ['1.2', 'a\\cb\\\\c\\n\\r', 'a:b\\c\n\r'],
  ] as const)('R1: in %s brings the receipt back as it was', async (version, written, meant) => {
    const client = await connect({ version });
    client.send('BEGIN', { transaction: 't', receipt: written });

    expect((await client.next('RECEIPT')).headers['receipt-id']).toBe(meant);
  });
});

describe('acknowledgements', () => {
  const cases = [
    ['1.0', (id: string) => ({ 'message-id': id })],
    ['1.1', (id: string) => ({ 'message-id': id, subscription: 's' })],
    ['1.2', (id: string) => ({ id })],
  ] as const;

  async function withMessages(version: '1.0' | '1.1' | '1.2', ack: string, count: number) {
    const client = await connect({ version });
    await client.subscribe('s', '/topic/call.*.*', { ack });
    for (let call = 0; call < count; call += 1) await system.publish(callCreated(CUSTOMER, `ack-${call}`));
    const ids = (await client.messageCount(count)).map(({ headers }) => headers['message-id']!);
    return { client, ids };
  }

  it.each(cases)('A1, A3: in %s `client` settles everything before', async (version, headersOf) => {
    const { client, ids } = await withMessages(version, 'client', 3);
    await client.confirmed('ACK', headersOf(ids[1]!));
    await client.confirmed('ACK', headersOf(ids[2]!));
    client.send('ACK', headersOf(ids[0]!));

    expect(await refusalOf(client)).toEqual(['no such message waits to be acknowledged', 1002]);
  });

  it.each(cases.slice(1))('A1, A2, A3: in %s `client-individual` settles one', async (version, headersOf) => {
    const { client, ids } = await withMessages(version, 'client-individual', 3);
    await client.confirmed('ACK', headersOf(ids[1]!));
    await client.confirmed('NACK', headersOf(ids[0]!));
    await client.confirmed('ACK', headersOf(ids[2]!));
    // Nothing comes again because of a NACK.
    expect(client.messages).toHaveLength(3);
    client.send('NACK', headersOf(ids[0]!));

    expect(await refusalOf(client)).toEqual(['no such message waits to be acknowledged', 1002]);
  });

  it('A2: there is no NACK in 1.0', async () => {
    const { client, ids } = await withMessages('1.0', 'client', 1);
    client.send('NACK', { 'message-id': ids[0]! });

    expect(await refusalOf(client)).toEqual(['unknown command', 1002]);
  });

  it.each([
    ['A1: in 1.0 without message-id', '1.0', { id: 'x' }, 'missing header message-id'],
    ['A1: in 1.1 without message-id', '1.1', { subscription: 's' }, 'missing header message-id'],
    ['A1: in 1.1 without subscription', '1.1', { 'message-id': 'x' }, 'missing header subscription'],
    ['A1: in 1.2 without id', '1.2', { 'message-id': 'x' }, 'missing header id'],
    ['A3: of an unknown message', '1.2', { id: 'x' }, 'no such message waits to be acknowledged'],
  ] as const)('%s is an ERROR', async (_rule, version, headers, message) => {
    const client = await connect({ version });
    client.send('ACK', headers);

    expect(await refusalOf(client)).toEqual([message, 1002]);
  });

  it('of messages in mode auto is an ERROR', async () => {
    const { client, ids } = await withMessages('1.2', 'auto', 1);
    client.send('ACK', { id: ids[0]! });

    expect(await refusalOf(client)).toEqual(['no such message waits to be acknowledged', 1002]);
  });

  it('A3: are waited for in a window of 1,000 messages; one more is an ERROR', async () => {
    const { client, ids } = await withMessages('1.2', 'client', 1_000);
    await client.confirmed('ACK', { id: ids[0]! });
    await system.publish(callCreated(CUSTOMER, 'fits'));
    await client.messageCount(1_001);
    expect(client.closeStatus).toBeUndefined();
    await system.publish(callCreated(CUSTOMER, 'too many'));

    expect(await refusalOf(client)).toEqual(['too many unacknowledged messages', 1002]);
    expect(client.messages).toHaveLength(1_001);
  });

  it('do not count as requests: a client may send as many as it gets messages', async () => {
    const slow = await startBlackhole({ wsRateCapacity: 3, wsRatePerSecond: 1 });
    const client = await StompClient.connect(new URL('/ws.communication', slow.url).href, {
      token: slow.token,
    });
    await client.subscribe('s', '/topic/call.*.*', { ack: 'client-individual' });
    for (let call = 0; call < 50; call += 1) await slow.publish(callCreated(CUSTOMER, `c-${call}`));
    for (const { headers } of await client.messageCount(50)) client.send('ACK', { id: headers['ack']! });
    await client.confirmed('UNSUBSCRIBE', { id: 's' });
    for (const transaction of ['a', 'b', 'c']) client.send('BEGIN', { transaction });

    expect(await refusalOf(client)).toEqual(['rate limit exceeded', 1002]);
    await slow.stop();
  });

  describe('in transactions', () => {
    it('T1: take effect at COMMIT', async () => {
      const { client, ids } = await withMessages('1.2', 'client-individual', 2);
      await client.confirmed('BEGIN', { transaction: 't' });
      await client.confirmed('ACK', { id: ids[0]!, transaction: 't' });
      await client.confirmed('NACK', { id: ids[1]!, transaction: 't' });
      await client.confirmed('COMMIT', { transaction: 't' });
      client.send('ACK', { id: ids[0]! });

      expect(await refusalOf(client)).toEqual(['no such message waits to be acknowledged', 1002]);
    });

    it('T1: never take effect after ABORT', async () => {
      const { client, ids } = await withMessages('1.2', 'client-individual', 1);
      await client.confirmed('BEGIN', { transaction: 't' });
      await client.confirmed('ACK', { id: ids[0]!, transaction: 't' });
      await client.confirmed('ABORT', { transaction: 't' });

      await client.confirmed('ACK', { id: ids[0]! });
    });

    it.each([
      ['T1: BEGIN without transaction', 'BEGIN', {}, 'missing header transaction'],
      ['T1: COMMIT without transaction', 'COMMIT', {}, 'missing header transaction'],
      ['T1: ABORT without transaction', 'ABORT', {}, 'missing header transaction'],
      ['T1: BEGIN of one that is open', 'BEGIN', { transaction: 'open' }, 'transaction already begun'],
      ['T1: COMMIT of an unknown one', 'COMMIT', { transaction: 'x' }, 'unknown transaction'],
      ['T1: ABORT of an unknown one', 'ABORT', { transaction: 'x' }, 'unknown transaction'],
    ] as const)('%s is an ERROR', async (_rule, command, headers, message) => {
      const client = await connect();
      await client.confirmed('BEGIN', { transaction: 'open' });
      client.send(command, headers);

      expect(await refusalOf(client)).toEqual([message, 1002]);
    });

    it('T1: an ACK in an unknown one is an ERROR', async () => {
      const { client, ids } = await withMessages('1.2', 'client', 1);
      client.send('ACK', { id: ids[0]!, transaction: 'x' });

      expect(await refusalOf(client)).toEqual(['unknown transaction', 1002]);
    });

    it('T2: are aborted by DISCONNECT and by a lost link', async () => {
      const { client, ids } = await withMessages('1.2', 'client', 1);
      await client.confirmed('BEGIN', { transaction: 't' });
      await client.confirmed('ACK', { id: ids[0]!, transaction: 't' });
      client.socket.terminate();

      // Nothing of one connection is left for another.
      const again = await connect();
      again.send('COMMIT', { transaction: 't' });
      expect(await refusalOf(again)).toEqual(['unknown transaction', 1002]);
    });
  });
});

describe('SEND', () => {
  it('is an ERROR: clients only listen', async () => {
    const listener = await connect();
    await listener.subscribe('1', '/queue/message');
    const client = await connect();
    client.send('SEND', { destination: '/queue/message' }, 'forged');

    expect((await refusalOf(client))[0]).toMatch(/^SEND is not allowed/);
    await listener.confirmed('BEGIN', { transaction: 't' });
    expect(listener.messages).toEqual([]);
  });

  it('E2: without destination is an ERROR that says so', async () => {
    const client = await connect();
    client.send('SEND', {}, 'x');

    expect(await refusalOf(client)).toEqual(['missing header destination', 1002]);
  });
});

describe('DISCONNECT', () => {
  it('D1: gets its RECEIPT, then the close; frames after it are ignored', async () => {
    const client = await connect();
    await client.subscribe('sub-0', '/queue/message');
    client.socket.send('DISCONNECT\nreceipt:close-1\n\n\0UNSUBSCRIBE\nid:sub-0\n\n\0UNSUBSCRIBE\nid:x\n\n\0');
    client.send('UNSUBSCRIBE', { id: 'sub-0' });

    expect((await client.closed).code).toBe(1000);
    expect(client.frames.map(({ command }) => command)).toEqual(['CONNECTED', 'RECEIPT', 'RECEIPT']);
    expect(client.frames.at(-1)?.headers['receipt-id']).toBe('close-1');
  });

  it('D1: without receipt closes without an ERROR', async () => {
    const client = await connect();
    client.send('DISCONNECT');

    expect(await client.failure()).toEqual({ error: undefined, code: 1000 });
  });
});

describe('bytes', () => {
  it('F14: frames may be cut anywhere, in text and binary messages', async () => {
    const client = await StompClient.open(url);
    const bytes = Buffer.from(
      `CONNECT\naccept-version:1.2\nAuthorization:${system.token}\n\n\0\n` +
        'SUBSCRIBE\r\nid:1\r\ndestination:/queue/message\r\nreceipt:r\r\n\r\n\0',
    );
    for (let at = 0; at < bytes.length; at += 3) {
      client.socket.send(bytes.subarray(at, at + 3), { binary: at % 2 === 0 });
    }

    expect((await client.next('RECEIPT')).headers['receipt-id']).toBe('r');
  });

  it.each([
    ['E1, F3: an unknown command', 'HELLO\n\n\0', 'unknown command', 1002],
    ['E1, F6: an unknown escape', 'SUBSCRIBE\nid:\\x\n\n\0', 'undefined escape sequence in a header', 1002],
    ['L1: too many headers', `BEGIN\n${'a:b\n'.repeat(65)}\n\0`, 'too many headers', 1009],
    ['L1: a line above 8 KiB', `BEGIN\na:${'x'.repeat(8_191)}\n\n\0`, 'line too long', 1009],
    ['L1: a frame above 256 KiB', `SEND\n\n${'x'.repeat(262_144)}\0`, 'frame too large', 1009],
  ])('%s is an ERROR and a close', async (_rule, bytes, message, code) => {
    const client = await connect();
    client.socket.send(bytes);

    expect(await refusalOf(client)).toEqual([message, code]);
  });

  it('L1: before CONNECT 16 KiB are the limit', async () => {
    const client = await StompClient.open(url);
    client.socket.send(`CONNECT\n${`a:${'x'.repeat(6_000)}\n`.repeat(3)}\n\0`);

    expect(await refusalOf(client)).toEqual(['frame too large', 1009]);
  });
});

describe('heart-beats', () => {
  let lively: TestBlackhole;
  let livelyUrl: string;

  beforeAll(async () => {
    lively = await startBlackhole({ wsHeartbeatIntervalMs: 300 });
    livelyUrl = new URL('/ws.communication', lively.url).href;
  });

  const connectLively = (heartBeat: string, version: '1.0' | '1.2' = '1.2'): Promise<StompClient> =>
    StompClient.connect(livelyUrl, { token: lively.token, version, headers: { 'heart-beat': heartBeat } });

  it('H2, H3: come from the server as line ends', async () => {
    const client = await connectLively('0,200');

    await waitUntil(() => client.beats >= 3);
    expect(client.frames).toHaveLength(1);
  });

  it('H3: that stop coming from the client end the connection, others do not', async () => {
    const silent = await connectLively('200,0');
    const lazy = await connectLively('0,200');
    const keen = await connectLively('200,0');
    const beating = setInterval(() => keen.socket.send('\n'), 100);

    expect(await refusalOf(silent)).toEqual(['heart-beat lost', 1002]);
    await lazy.confirmed('BEGIN', { transaction: 't' });
    await keen.confirmed('BEGIN', { transaction: 't' });
    clearInterval(beating);
  });

  it('H1, H2: are none at all without the header, with zeros, and in 1.0', async () => {
    const clients = [
      await StompClient.connect(livelyUrl, { token: lively.token }),
      await connectLively('0,0'),
      await connectLively('100,100', '1.0'),
    ];
    const other = await connectLively('0,200');

    await waitUntil(() => other.beats >= 4);

    for (const client of clients) {
      expect(client.beats).toBe(0);
      await client.confirmed('BEGIN', { transaction: 't' });
    }
  });
});

describe('accounts', () => {
  it('get their own events only', async () => {
    const customer = await connect();
    await customer.subscribe('1', '/queue/message');
    const parent = await connect({ token: system.directory.tokenFor(RESELLER) });
    await parent.subscribe('own', '/queue/message');
    await parent.subscribe('child', '/queue/message', { account_id: CUSTOMER });
    const byDefault = await connect({
      token: system.directory.tokenFor(RESELLER),
      headers: { account_id: CUSTOMER },
    });
    await byDefault.subscribe('1', '/queue/message');
    const root = await connect({ token: system.directory.tokenFor(ROOT, { isSuperAdmin: true }) });
    await root.subscribe('all', '/queue/message', { account_id: '*' });

    await system.publish(chatMessage(SIBLING, 'of the sibling'));
    await system.publish(chatMessage(CUSTOMER, 'of the customer'));

    await root.messageCount(2);
    for (const client of [customer, parent, byDefault]) {
      await client.messageCount(1);
      await client.confirmed('BEGIN', { transaction: 't' });
      expect(client.messages).toHaveLength(1);
      expect(client.messages[0]!.body).toContain('of the customer');
    }
    expect(parent.messages[0]!.headers['subscription']).toBe('child');
  });

  it('that go out of reach end the connection', async () => {
    const token = system.directory.tokenFor(RESELLER, { userId: 'mover' });
    const client = await connect({ token });
    await client.subscribe('1', '/queue/message', { account_id: SIBLING });

    const mayAccess = jest.spyOn(system.directory, 'mayAccess').mockResolvedValue(false);
    system.directory.tell({ kind: 'principal', accountId: SIBLING });

    expect(await refusalOf(client)).toEqual(['no longer authorized for a subscription', 1002]);
    mayAccess.mockRestore();
  });
});

it('a loss of events ends the connections that may have missed some', async () => {
  const lossy = await startBlackhole();
  const at = new URL('/ws.communication', lossy.url).href;
  const client = await StompClient.connect(at, { token: lossy.token });
  await client.subscribe('1', '/queue/message');
  const idle = await StompClient.connect(at, { token: lossy.token });

  lossy.gap('reconnect', Date.now());

  expect(await refusalOf(client)).toEqual(['events may have been lost, connect again', 1002]);
  await idle.subscribe('1', '/queue/message');
  await lossy.stop();
});

it('a shutdown is told and closes with 1001', async () => {
  const stopping = await startBlackhole();
  const client = await StompClient.connect(new URL('/ws.communication', stopping.url).href, {
    token: stopping.token,
  });

  await stopping.stop();

  expect(await refusalOf(client)).toEqual(['server shutting down', 1001]);
});

it('is spoken at the second spelling, too', async () => {
  await StompClient.connect(new URL('/ws.communicaiton', system.url).href, { token: system.token });
});

it.each([
  [['v10.stomp', 'v12.stomp'], 'v10.stomp'],
  [['other', 'v11.stomp'], 'v11.stomp'],
])('of the subprotocols %j the first that is known is selected', async (protocols, selected) => {
  const client = await WsClient.connect(url, { protocols });

  expect(client.socket.protocol).toBe(selected);
});

it('no subprotocol is needed', async () => {
  const client = await WsClient.connect(url);

  expect(client.socket.protocol).toBe('');
});
