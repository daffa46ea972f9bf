import { refusalOf, startStomp, type TestStomp } from '../testing/start-stomp';

let stomp: TestStomp;

beforeAll(async () => {
  stomp = await startStomp();
});

describe('DISCONNECT', () => {
  it('D1: gets its RECEIPT, then the close; frames after it are ignored', async () => {
    const client = await stomp.client();
    await client.subscribe('sub-0', '/queue/message');
    client.socket.send('DISCONNECT\nreceipt:close-1\n\n\0UNSUBSCRIBE\nid:sub-0\n\n\0UNSUBSCRIBE\nid:x\n\n\0');
    client.send('UNSUBSCRIBE', { id: 'sub-0' });

    expect((await client.closed).code).toBe(1000);
    expect(client.frames.map(({ command }) => command)).toEqual(['CONNECTED', 'RECEIPT', 'RECEIPT']);
    expect(client.frames.at(-1)?.headers['receipt-id']).toBe('close-1');
  });

  it('D1: without receipt closes without an ERROR', async () => {
    const client = await stomp.client();
    client.send('DISCONNECT');

    expect(await client.failure()).toEqual({ error: undefined, code: 1000 });
  });
});

it('a loss of events ends the connections that may have missed some', async () => {
  const lossy = await startStomp();
  const client = await lossy.client();
  await client.subscribe('1', '/queue/message');
  const idle = await lossy.client();

  lossy.gap('reconnect', Date.now());

  expect(await refusalOf(client)).toEqual(['events may have been lost, connect again', 1002]);
  await idle.subscribe('1', '/queue/message');
  await lossy.stop();
});

it('a shutdown is told and closes with 1001', async () => {
  const stopping = await startStomp();
  const client = await stopping.client();

  await stopping.stop();

  expect(await refusalOf(client)).toEqual(['server shutting down', 1001]);
});
