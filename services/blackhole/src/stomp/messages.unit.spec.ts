import { CUSTOMER, RESELLER, ROOT, SIBLING, callCreated } from '../testing/start-blackhole';
import { chatMessage, refusalOf, startStomp, type TestStomp } from '../testing/start-stomp';
import { stompVersions } from './codec';

let stomp: TestStomp;

beforeAll(async () => {
  stomp = await startStomp();
});

describe('MESSAGE', () => {
  it.each(stompVersions)('M1, M2: has the headers of %s', async (version) => {
    const client = await stomp.client({ version });
    await client.subscribe('a', '/queue/message');
    await client.subscribe('b', '/queue/message', { ack: 'client' });

    await stomp.publish(chatMessage(CUSTOMER, 'm-1'));

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
    const client = await stomp.client({ version: '1.0' });
    await client.confirmed('SUBSCRIBE', { destination: '/queue/message' });

    await stomp.publish(chatMessage(CUSTOMER, 'm-1'));

    expect((await client.messageCount(1))[0]?.headers['subscription']).toBeUndefined();
  });

  it('M1: has an id of its own each, in the order of the events', async () => {
    const client = await stomp.client();
    await client.subscribe('a', '/topic/call.*.*');

    for (let call = 0; call < 50; call += 1) await stomp.publish(callCreated(CUSTOMER, `order-${call}`));

    const messages = await client.messageCount(50);
    expect(messages.map(({ body }) => (JSON.parse(body) as { call_id: string }).call_id)).toEqual(
      Array.from({ length: 50 }, (_, call) => `order-${call}`),
    );
    expect(new Set(messages.map(({ headers }) => headers['message-id'])).size).toBe(50);
  });
});

describe('accounts', () => {
  it('get their own events only', async () => {
    const customer = await stomp.client();
    await customer.subscribe('1', '/queue/message');
    const parent = await stomp.client({ token: stomp.directory.tokenFor(RESELLER) });
    await parent.subscribe('own', '/queue/message');
    await parent.subscribe('child', '/queue/message', { account_id: CUSTOMER });
    const byDefault = await stomp.client({
      token: stomp.directory.tokenFor(RESELLER),
      headers: { account_id: CUSTOMER },
    });
    await byDefault.subscribe('1', '/queue/message');
    const root = await stomp.client({ token: stomp.directory.tokenFor(ROOT, { isSuperAdmin: true }) });
    await root.subscribe('all', '/queue/message', { account_id: '*' });

    await stomp.publish(chatMessage(SIBLING, 'of the sibling'));
    await stomp.publish(chatMessage(CUSTOMER, 'of the customer'));

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
    const token = stomp.directory.tokenFor(RESELLER, { userId: 'mover' });
    const client = await stomp.client({ token });
    await client.subscribe('1', '/queue/message', { account_id: SIBLING });

    const mayAccess = jest.spyOn(stomp.directory, 'mayAccess').mockResolvedValue(false);
    stomp.directory.tell({ kind: 'principal', accountId: SIBLING });

    expect(await refusalOf(client)).toEqual(['no longer authorized for a subscription', 1002]);
    mayAccess.mockRestore();
  });
});
