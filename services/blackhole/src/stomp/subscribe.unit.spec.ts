import { waitUntil } from '@ringdown/testing';
import { CUSTOMER, SIBLING } from '../testing/start-blackhole';
import { chatMessage, refusalOf, startStomp, type TestStomp } from '../testing/start-stomp';
import { stompVersions } from './codec';

let stomp: TestStomp;

beforeAll(async () => {
  stomp = await startStomp();
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
    const client = await stomp.client({ version });
    client.send('SUBSCRIBE', { ...headers, receipt: 'r-9' });

    const { error, code } = await client.failure();

    expect(error?.headers['message']).toMatch(message);
    // R2: the ERROR carries the receipt-id, and no RECEIPT comes.
    expect(error?.headers['receipt-id']).toBe('r-9');
    expect(client.frames.some(({ command }) => command === 'RECEIPT')).toBe(false);
    expect(code).toBe(1002);
  });

  it('S2: a second time with the same id is an ERROR', async () => {
    const client = await stomp.client();
    await client.subscribe('1', '/queue/message');
    client.send('SUBSCRIBE', { id: '1', destination: '/events' });

    expect(await refusalOf(client)).toEqual(['already subscribed with this id', 1002]);
  });

  it('S2: with another id gets every message twice', async () => {
    const client = await stomp.client();
    await client.subscribe('1', '/queue/message');
    await client.subscribe('2', '/queue/message');

    await stomp.publish(chatMessage(CUSTOMER, 'm-1'));

    const messages = await client.messageCount(2);
    expect(messages.map(({ headers }) => headers['subscription']).sort()).toEqual(['1', '2']);
  });

  it('L1: is allowed 64 times', async () => {
    const client = await stomp.client();
    for (let id = 0; id < 64; id += 1) {
      client.send('SUBSCRIBE', { id: String(id), destination: '/queue/message' });
    }
    client.send('SUBSCRIBE', { id: '64', destination: '/queue/message' });

    expect(await refusalOf(client)).toEqual(['too many subscriptions', 1002]);
  });

  it('that fails takes the whole connection with it and leaves nothing subscribed', async () => {
    const client = await stomp.client();
    await client.subscribe('1', '/topic/call.CHANNEL_CREATE.left-over');
    client.send('SUBSCRIBE', { id: '1', destination: '/events' });
    await client.closed;

    await waitUntil(() => !stomp.bindings().join().includes('left-over'));
  });
});

describe('UNSUBSCRIBE', () => {
  it.each(stompVersions)('S4: by id ends a subscription in %s', async (version) => {
    const client = await stomp.client({ version });
    await client.subscribe('1', '/queue/message');
    await client.subscribe('2', '/events');
    await client.confirmed('UNSUBSCRIBE', { id: '1' });

    await stomp.publish(chatMessage(CUSTOMER, 'm-1'));

    await client.messageCount(1);
    await client.confirmed('UNSUBSCRIBE', { id: '2' });
    expect(client.messages.map(({ headers }) => headers['subscription'])).toEqual(['2']);
  });

  it('S4: by destination ends a subscription in 1.0', async () => {
    const client = await stomp.client({ version: '1.0' });
    await client.confirmed('SUBSCRIBE', { destination: '/queue/message' });
    await client.confirmed('UNSUBSCRIBE', { destination: '/queue/message' });
    await client.confirmed('SUBSCRIBE', { destination: '/events' });

    await stomp.publish(chatMessage(CUSTOMER, 'm-1'));

    expect((await client.messageCount(1))[0]?.headers['destination']).toBe('/events');
  });

  it.each([
    ['S4: of what is not subscribed', '1.2', { id: '7' }, 'not subscribed'],
    ['S4: without id', '1.2', { destination: '/queue/message' }, 'missing header id'],
    ['S4: without either in 1.0', '1.0', {}, 'missing header id'],
  ] as const)('%s is an ERROR', async (_rule, version, headers, message) => {
    const client = await stomp.client({ version });
    client.send('UNSUBSCRIBE', headers);

    expect(await refusalOf(client)).toEqual([message, 1002]);
  });
});
