import { UpgradeRefused, WsClient, waitUntil } from '@ringdown/testing';
import { FakeVisitors } from '../testing/fake-visitors';
import { CUSTOMER, RESELLER, SIBLING } from '../testing/start-blackhole';
import { chatMessage, refusalOf, startStomp, type TestStomp } from '../testing/start-stomp';
import { StompClient, type StompConnectOptions } from '../testing/stomp-client';

const DESTINATION = '/user/queue/message';

let stomp: TestStomp;
let visitors: FakeVisitors;
let url: string;

beforeEach(async () => {
  stomp = await startStomp();
  visitors = await FakeVisitors.start(stomp.join('message-producer'));
  url = new URL('/ws.chatplugin', stomp.url).href;
});

afterEach(() => stomp.stop());

const visit = (token: string, options: StompConnectOptions = {}): Promise<StompClient> =>
  StompClient.connect(url, { token, ...options });

/** Listening to its own conversation. */
async function listener(token: string, options: StompConnectOptions = {}): Promise<StompClient> {
  const client = await visit(token, options);
  await client.subscribe('1', DESTINATION);
  return client;
}

const idsOf = (client: StompClient): string[] =>
  client.messages.map(({ body }) => (JSON.parse(body) as { message: { id: string } }).message.id);

/** What was published before is delivered: events of the gateway keep their order. */
async function delivered(): Promise<void> {
  const witness = await stomp.client();
  await witness.subscribe('1', '/queue/message');
  await stomp.publish(chatMessage(CUSTOMER, 'last'));
  await witness.messageCount(1);
}

describe('a visitor', () => {
  it.each(['1.0', '1.1', '1.2'] as const)(
    'hears its own conversation in order, from the first message on, in %s',
    async (version) => {
      const client = await listener(visitors.tokenFor(CUSTOMER, 'ann'), { version });

      for (const id of ['m-1', 'm-2', 'm-3']) await stomp.publish(chatMessage(CUSTOMER, id, 'ann'));

      const [first] = await client.messageCount(3);
      expect(idsOf(client)).toEqual(['m-1', 'm-2', 'm-3']);
      expect(first?.headers).toMatchObject({ destination: DESTINATION, subscription: '1' });
      expect(JSON.parse(first!.body)).toEqual({
        conversation_id: 'ann',
        channel_id: 'chan-1',
        message: {
          id: 'm-1',
          content: '{"text":"Hello World"}',
          delivery_state: 'DELIVERED',
          sender_type: 'source_contact',
          sent_at: '2026-01-05T10:00:00.000Z',
        },
      });
    },
  );

  it('hears nothing of other conversations, of its channel, its account or another', async () => {
    const ann = await listener(visitors.tokenFor(CUSTOMER, 'ann'));
    const bob = await listener(visitors.tokenFor(CUSTOMER, 'bob'));

    await stomp.publish(chatMessage(CUSTOMER, 'for bob', 'bob'));
    await stomp.publish(chatMessage(SIBLING, 'of another account', 'ann'));
    await stomp.publish(chatMessage(CUSTOMER, 'for nobody', 'ann.bob'));
    await stomp.publish(chatMessage(CUSTOMER, 'for ann', 'ann'));
    await delivered();

    expect(idsOf(ann)).toEqual(['for ann']);
    expect(idsOf(bob)).toEqual(['for bob']);
  });

  it('hears it on each of its sockets, under the subscription id of each', async () => {
    const token = visitors.tokenFor(CUSTOMER, 'ann');
    const one = await listener(token);
    const two = await visit(token);
    await two.subscribe('other', DESTINATION);

    await stomp.publish(chatMessage(CUSTOMER, 'm', 'ann'));

    expect((await one.messageCount(1))[0]?.headers['subscription']).toBe('1');
    expect((await two.messageCount(1))[0]?.headers['subscription']).toBe('other');
  });

  it.each([
    '/queue/message',
    '/user/queue/messages',
    '/user/queue/unread-count',
    '/events',
    '/topic/messaging.message.*',
    '/topic/call.*.*',
    '/user/queue/*',
    '',
  ])('may not subscribe to `%s`', async (destination) => {
    const client = await visit(visitors.tokenFor(CUSTOMER, 'ann'));
    client.send('SUBSCRIBE', { id: '1', destination });

    expect(await refusalOf(client)).toEqual(['unknown destination', 1002]);
  });

  it.each([
    ['*', 'unauthorized wildcard account id'],
    [SIBLING, 'unauthorized account id'],
    [RESELLER, 'unauthorized account id'],
  ])('may not name the account %s', async (account, message) => {
    const inSubscribe = await visit(visitors.tokenFor(CUSTOMER, 'ann'));
    inSubscribe.send('SUBSCRIBE', { id: '1', destination: DESTINATION, account_id: account });
    const inConnect = await visit(visitors.tokenFor(CUSTOMER, 'ann'), { headers: { account_id: account } });
    inConnect.send('SUBSCRIBE', { id: '1', destination: DESTINATION });

    expect(await refusalOf(inSubscribe)).toEqual([message, 1002]);
    expect(await refusalOf(inConnect)).toEqual([message, 1002]);
  });

  it('of a reseller gets nothing of the accounts below', async () => {
    const client = await visit(visitors.tokenFor(RESELLER, 'ann'));
    client.send('SUBSCRIBE', { id: '1', destination: DESTINATION, account_id: CUSTOMER });

    expect(await refusalOf(client)).toEqual(['unauthorized account id', 1002]);
  });

  it('may not send', async () => {
    const client = await visit(visitors.tokenFor(CUSTOMER, 'ann'));
    client.send('SEND', { destination: DESTINATION }, 'forged');

    expect((await refusalOf(client))[0]).toMatch(/^SEND is not allowed/);
  });

  it('counts by itself where sockets of a principal are counted', async () => {
    const limited = await startStomp({ wsMaxConnectionsPerPrincipal: 1 });
    const known = await FakeVisitors.start(limited.join('message-producer'));
    const at = new URL('/ws.chatplugin', limited.url).href;
    const ann = known.tokenFor(CUSTOMER, 'ann');
    await StompClient.connect(at, { token: ann });
    await StompClient.connect(at, { token: known.tokenFor(CUSTOMER, 'bob') });

    const again = await StompClient.open(at);
    again.send('CONNECT', { 'accept-version': '1.2', Authorization: ann });

    expect(await refusalOf(again)).toEqual(['connection limit reached', 1002]);
    await limited.stop();
  });
});

describe('the token of a visitor', () => {
  it.each(['', 'Bearer '])('may be in CONNECT or in the handshake, as `%stoken`', async (scheme) => {
    const token = visitors.tokenFor(CUSTOMER, 'ann');
    const inConnect = await visit(`${scheme}${token}`);
    const inHandshake = await StompClient.open(url, { authorization: `${scheme}${token}` });
    inHandshake.send('CONNECT', { 'accept-version': '1.2' });

    for (const client of [inConnect, inHandshake]) {
      expect((await client.next('CONNECTED')).headers['user-name']).toBe('ann');
      await client.subscribe('1', DESTINATION);
    }
  });

  it('of CONNECT counts when both are given', async () => {
    const client = await StompClient.open(url, { authorization: visitors.tokenFor(CUSTOMER, 'ann') });
    client.send('CONNECT', {
      'accept-version': '1.2',
      Authorization: visitors.tokenFor(CUSTOMER, 'bob'),
    });

    expect((await client.next('CONNECTED')).headers['user-name']).toBe('bob');
  });

  it.each([
    ['missing', () => ({})],
    ['unknown', () => ({ Authorization: 'f'.repeat(64) })],
    ['far too long', () => ({ Authorization: 'f'.repeat(4_000) })],
    ['that of a user', () => ({ Authorization: stomp.token })],
    [
      'of a channel that is disconnected',
      () => {
        visitors.lock('gone');
        return { Authorization: visitors.tokenFor(CUSTOMER, 'ann', { channel_id: 'gone' }) };
      },
    ],
    [
      'of an account that does not exist',
      () => ({ Authorization: visitors.tokenFor('e'.repeat(32), 'ann') }),
    ],
    [
      'of a disabled account',
      () => {
        stomp.directory.disableAccount(SIBLING);
        return { Authorization: visitors.tokenFor(SIBLING, 'ann') };
      },
    ],
  ])('that is %s is a 401 in CONNECT, a 403 in the handshake', async (_how, headersOf) => {
    const headers: { Authorization?: string } = headersOf();
    const client = await StompClient.open(url);
    client.send('CONNECT', { 'accept-version': '1.2', ...headers });
    expect(await refusalOf(client)).toEqual(['401 Unauthorized', 1002]);

    if (headers.Authorization === undefined) return;
    const refused = WsClient.connect(url, { headers: { authorization: headers.Authorization } });
    await expect(refused).rejects.toMatchObject({ status: 403, body: '' });
    await expect(refused).rejects.toBeInstanceOf(UpgradeRefused);
  });

  it('is none where users connect', async () => {
    const token = visitors.tokenFor(CUSTOMER, 'ann');
    const client = await StompClient.open(stomp.stompUrl);
    client.send('CONNECT', { 'accept-version': '1.2', Authorization: token });

    expect(await refusalOf(client)).toEqual(['401 Unauthorized', 1002]);
    await expect(
      WsClient.connect(stomp.stompUrl, { headers: { authorization: token } }),
    ).rejects.toMatchObject({ status: 403 });
    expect(visitors.questions).toEqual([]);
  });

  it('is refused, not allowed, while its keeper cannot be asked', async () => {
    const token = visitors.tokenFor(CUSTOMER, 'ann');
    visitors.unavailable = true;
    const client = await StompClient.open(url);
    client.send('CONNECT', { 'accept-version': '1.2', Authorization: token });

    expect(await refusalOf(client)).toEqual(['authorization unavailable, try again', 1002]);
    await expect(WsClient.connect(url, { headers: { authorization: token } })).rejects.toMatchObject({
      status: 503,
    });
  });

  it('is refused, not allowed, while the state of its account cannot be asked', async () => {
    const token = visitors.tokenFor(CUSTOMER, 'ann');
    stomp.directory.unavailable = true;
    const client = await StompClient.open(url);
    client.send('CONNECT', { 'accept-version': '1.2', Authorization: token });

    expect(await refusalOf(client)).toEqual(['authorization unavailable, try again', 1002]);
    stomp.directory.unavailable = false;
  });
});

describe('the socket of a visitor ends', () => {
  const ended = (client: StompClient): Promise<unknown[]> => refusalOf(client);
  const revoked = ['401 Unauthorized, authentication revoked', 1002];

  it('when the token expires, and nothing is delivered after that instant', async () => {
    // Time enough to connect and subscribe on a busy machine.
    const expires_at = Date.now() + 2_000;
    const client = await listener(visitors.tokenFor(CUSTOMER, 'ann', { expires_at }));
    const publishedAt = new Map<string, number>();
    const publishing = setInterval(() => {
      const id = `m-${publishedAt.size}`;
      publishedAt.set(id, Date.now());
      void stomp.publish(chatMessage(CUSTOMER, id, 'ann'));
    }, 20);

    const end = await ended(client);
    clearInterval(publishing);

    expect(idsOf(client)).not.toEqual([]);
    for (const id of idsOf(client)) expect(publishedAt.get(id)).toBeLessThan(expires_at);
    expect(end).toEqual(['401 Unauthorized, authentication expired', 1002]);
  });

  it('when its channel is disconnected; those of other channels stay, one question is enough', async () => {
    const gone = await Promise.all(
      ['a', 'b', 'c', 'd', 'e'].map((name) => listener(visitors.tokenFor(CUSTOMER, name))),
    );
    const idle = await visit(visitors.tokenFor(CUSTOMER, 'idle'));
    const stays = await listener(visitors.tokenFor(CUSTOMER, 'stays', { channel_id: 'other' }));
    const asked = visitors.questions.length;

    await visitors.disconnect(CUSTOMER, 'site');

    for (const client of [...gone, idle]) expect(await ended(client)).toEqual(revoked);
    expect(visitors.questions.length - asked).toBeLessThanOrEqual(2);
    await stomp.publish(chatMessage(CUSTOMER, 'm', 'stays'));
    await stays.messageCount(1);
  });

  it('not because somebody says of another account that the channel is disconnected, or falsely', async () => {
    const client = await listener(visitors.tokenFor(CUSTOMER, 'ann'));
    await visitors.disconnect(SIBLING, 'other');
    const foreign = { id: 'site', account_id: CUSTOMER };
    await stomp.publishForeign('messaging', 'messaging.channel_disconnected.site', foreign);

    await stomp.publish(chatMessage(CUSTOMER, 'm', 'ann'));
    await client.messageCount(1);
    await client.confirmed('BEGIN', { transaction: 't' });
    // The word itself is for nobody to see.
    expect(idsOf(client)).toEqual(['m']);
  });

  it('when its channel was disconnected while it connected', async () => {
    const token = visitors.tokenFor(CUSTOMER, 'ann');
    let bound!: () => void;
    const gate = new Promise<void>((resolve) => (bound = resolve));
    let binding = false;
    stomp.beforeBind = () => {
      binding = true;
      return gate;
    };
    const client = await StompClient.open(url);
    client.send('CONNECT', { 'accept-version': '1.2', Authorization: token });
    await waitUntil(() => binding);
    await visitors.disconnect(CUSTOMER, 'site');
    bound();

    expect(await ended(client)).toEqual(['401 Unauthorized', 1002]);
  });

  it('when its account is disabled', async () => {
    const client = await listener(visitors.tokenFor(SIBLING, 'ann'));
    const stays = await listener(visitors.tokenFor(CUSTOMER, 'bob'));

    stomp.directory.disableAccount(SIBLING);

    expect(await ended(client)).toEqual(revoked);
    await stays.confirmed('BEGIN', { transaction: 't' });
  });

  it('when its account is deleted', async () => {
    const client = await listener(visitors.tokenFor(SIBLING, 'ann'));

    stomp.directory.removeAccount(SIBLING);

    expect(await ended(client)).toEqual(revoked);
  });

  it('when events may have been lost, before it subscribes, too: the word about its channel may be among them', async () => {
    const client = await visit(visitors.tokenFor(CUSTOMER, 'ann'));

    stomp.gap('reconnect', Date.now());

    expect(await ended(client)).toEqual(['events may have been lost, connect again', 1002]);
  });

  it('and leaves nothing subscribed', async () => {
    const client = await listener(visitors.tokenFor(CUSTOMER, 'ann'));
    expect(stomp.bindings().join()).toContain('messaging.message.ann');
    expect(stomp.bindings().join()).toContain('messaging.channel_disconnected.site');

    client.socket.terminate();

    await waitUntil(() => stomp.bindings().length === 0);
  });
});

it('delivers nothing while it cannot be found out whether a visitor still may hear it', async () => {
  const client = await listener(visitors.tokenFor(CUSTOMER, 'ann'));
  visitors.unavailable = true;
  stomp.directory.tell({ kind: 'all' });
  await waitUntil(async () => {
    await stomp.publish(chatMessage(CUSTOMER, `m-${Math.random()}`, 'ann'));
    return (await stomp.metric('ringdown_blackhole_deliveries_withheld_total')).some(
      (line) => !line.endsWith(' 0'),
    );
  });
  const before = client.messages.length;
  await stomp.publish(chatMessage(CUSTOMER, 'withheld', 'ann'));
  await delivered();
  expect(client.messages).toHaveLength(before);

  visitors.unavailable = false;

  expect(await refusalOf(client)).toEqual(['events may have been lost, connect again', 1002]);
});
