import { waitUntil } from '@ringdown/testing';
import { refusalOf, startStomp, type TestStomp } from '../testing/start-stomp';

let stomp: TestStomp;

beforeAll(async () => {
  stomp = await startStomp();
});

describe('bytes', () => {
  it('F14: frames may be cut anywhere, in text and binary messages', async () => {
    const client = await stomp.open();
    const bytes = Buffer.from(
      `CONNECT\naccept-version:1.2\nAuthorization:${stomp.token}\n\n\0\n` +
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
    const client = await stomp.client();
    client.socket.send(bytes);

    expect(await refusalOf(client)).toEqual([message, code]);
  });

  it('L1: before CONNECT 16 KiB are the limit', async () => {
    const client = await stomp.open();
    client.socket.send(`CONNECT\n${`a:${'x'.repeat(6_000)}\n`.repeat(3)}\n\0`);

    expect(await refusalOf(client)).toEqual(['frame too large', 1009]);
  });
});

describe('RECEIPT', () => {
  it('R1: comes after the frame took effect', async () => {
    const client = await stomp.client();
    let bound!: () => void;
    const gate = new Promise<void>((resolve) => (bound = resolve));
    stomp.beforeBind = () => gate;
    client.send('SUBSCRIBE', { id: '1', destination: '/topic/call.*.receipt-test', receipt: 'first' });
    client.send('BEGIN', { transaction: 't', receipt: 'second' });
    await (await stomp.client()).confirmed('BEGIN', { transaction: 't' });
    expect(client.frames).toHaveLength(1);
    bound();
    stomp.beforeBind = () => Promise.resolve();

    await waitUntil(() => client.frames.length === 3);
    expect(client.frames.slice(1).map(({ headers }) => headers['receipt-id'])).toEqual(['first', 'second']);
  });

  it.each([
    ['1.0', 'a:b\\c', 'a:b\\c'],
    ['1.1', 'a\\cb\\\\c\\n', 'a:b\\c\n'],
    ['1.2', 'a\\cb\\\\c\\n\\r', 'a:b\\c\n\r'],
  ] as const)('R1: in %s brings the receipt back as it was', async (version, written, meant) => {
    const client = await stomp.client({ version });
    client.send('BEGIN', { transaction: 't', receipt: written });

    expect((await client.next('RECEIPT')).headers['receipt-id']).toBe(meant);
  });
});

describe('SEND', () => {
  it('is an ERROR: clients only listen', async () => {
    const listener = await stomp.client();
    await listener.subscribe('1', '/queue/message');
    const client = await stomp.client();
    client.send('SEND', { destination: '/queue/message' }, 'forged');

    expect((await refusalOf(client))[0]).toMatch(/^SEND is not allowed/);
    await listener.confirmed('BEGIN', { transaction: 't' });
    expect(listener.messages).toEqual([]);
  });

  it('E2: without destination is an ERROR that says so', async () => {
    const client = await stomp.client();
    client.send('SEND', {}, 'x');

    expect(await refusalOf(client)).toEqual(['missing header destination', 1002]);
  });
});
