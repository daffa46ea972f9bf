import { createServer, type AddressInfo, type Socket } from 'node:net';
import { onTeardown, waitUntil } from '@ringdown/testing';
import { RawSubscriber } from './raw-subscriber';
import { sharedNowMs } from './schedule';

const accepted = 'HTTP/1.1 101 Switching Protocols\r\n\r\n';

/** A server that answers each chunk it gets with the next of these. */
async function serverThatSays(...answers: readonly Buffer[]): Promise<string> {
  const server = createServer((socket: Socket) => {
    const rest = [...answers];
    socket.on('data', () => socket.write(rest.shift() ?? Buffer.alloc(0)));
    socket.on('error', () => undefined);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTeardown(async () => void server.close());
  return `ws://127.0.0.1:${(server.address() as AddressInfo).port}/x?y=1`;
}

function textFrame(text: string): Buffer {
  const payload = Buffer.from(text);
  const head =
    payload.length < 126 ? [0x81, payload.length] : [0x81, 126, payload.length >> 8, payload.length & 255];
  return Buffer.concat([Buffer.from(head), payload]);
}

it('counts what comes behind the conversation, also when it comes in one piece with it', async () => {
  const event = `{"bench_due_ms":${sharedNowMs()},"padding":"${'x'.repeat(300)}"}`;
  const url = await serverThatSays(
    Buffer.concat([Buffer.from(accepted), textFrame('welcome'), textFrame(event)]),
  );
  const subscriber = new RawSubscriber({ url, headers: {}, steps: [{ hear: 'welcome' }] }, true);

  await subscriber.open();

  expect(subscriber.frames).toBe(1);
  expect(subscriber.bytes).toBe(event.length);
  expect(subscriber.latenciesMs).toEqual([expect.any(Number)]);
  subscriber.close();
});

it('says one thing after the other, each when the last was answered', async () => {
  const url = await serverThatSays(
    Buffer.from(accepted),
    textFrame('one'),
    textFrame('two'),
    textFrame('event'),
  );
  const steps = [
    { say: 'a', hear: 'one' },
    { say: 'b', hear: 'two' },
  ];
  const subscriber = new RawSubscriber({ url, headers: { 'X-Y': 'z' }, steps }, false);

  await subscriber.open();

  expect(subscriber.frames).toBe(0);
  subscriber.close();
});

it('does not go on when it is refused, by status or by another answer than expected', async () => {
  const refused = await serverThatSays(Buffer.from('HTTP/1.1 401 Unauthorized\r\n\r\n'));
  const other = await serverThatSays(Buffer.concat([Buffer.from(accepted), textFrame('ERROR')]));
  const steps = [{ hear: 'CONNECTED' }];

  await expect(new RawSubscriber({ url: refused, headers: {}, steps }, false).open()).rejects.toThrow(
    'disconnected',
  );
  await expect(new RawSubscriber({ url: other, headers: {}, steps }, false).open()).rejects.toThrow('ERROR');
});

it('counts a frame once, however it is cut', async () => {
  const frame = textFrame('x'.repeat(200));
  let push: (bytes: Buffer) => void = () => undefined;
  const server = createServer((socket) => {
    socket.on('data', () => socket.write(accepted));
    socket.on('error', () => undefined);
    push = (bytes) => socket.write(bytes);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTeardown(async () => void server.close());
  const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const subscriber = new RawSubscriber({ url, headers: {}, steps: [] }, false);
  await subscriber.open();

  for (const byte of Buffer.concat([frame, frame])) {
    push(Buffer.from([byte]));
    await new Promise((resolve) => setImmediate(resolve));
  }

  await waitUntil(() => subscriber.frames === 2);
  expect(subscriber.bytes).toBe(400);
  subscriber.close();
});
