import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { RawSocket } from './raw-socket';
import { TcpProxy } from './tcp-proxy';
import { waitUntil } from './wait-until';

describe('TcpProxy', () => {
  let echo: Server;
  const accepted: Socket[] = [];
  let proxy: TcpProxy;

  beforeEach(async () => {
    accepted.length = 0;
    echo = createServer({ allowHalfOpen: true }, (socket) => {
      accepted.push(socket);
      socket.on('error', () => undefined);
      socket.on('data', (chunk) => socket.write(chunk));
      socket.on('end', () => socket.end());
    });
    echo.listen(0, '127.0.0.1');
    await once(echo, 'listening');
    proxy = await TcpProxy.to((echo.address() as AddressInfo).port);
  });

  afterEach(async () => {
    await proxy.close();
    for (const socket of accepted) socket.destroy();
    echo.close();
  });

  async function say(socket: RawSocket, text: string): Promise<void> {
    socket.write(text);
    await socket.waitFor((bytes) => bytes.toString().endsWith(text), `the echo of ${text}`);
  }

  it('forwards in both directions, a lot and in order', async () => {
    const client = await RawSocket.connect(proxy.port);
    const text = Array.from({ length: 200_000 }, (_, index) => `${index},`).join('');

    client.write(text);

    await client.waitFor((bytes) => bytes.length === text.length, 'everything');
    expect(client.received.toString()).toBe(text);
  });

  it('rewrites an address to its own', () => {
    expect(proxy.rewrite('amqp://guest:guest@broker.example:5672/v')).toBe(
      `amqp://guest:guest@127.0.0.1:${proxy.port}/v`,
    );
  });

  it('cuts connections on both sides and takes new ones', async () => {
    const client = await RawSocket.connect(proxy.port);
    await say(client, 'one');

    proxy.cut();

    await client.closed;
    await waitUntil(() => accepted[0]?.destroyed, { what: 'the server to notice' });
    await say(await RawSocket.connect(proxy.port), 'two');
  });

  it('swallows everything as a black hole and goes on where it was afterwards', async () => {
    const client = await RawSocket.connect(proxy.port);
    await say(client, 'one');

    proxy.set('blackhole');
    client.write('two');
    const late = await RawSocket.connect(proxy.port);
    late.write('never');
    await waitUntil(() => proxy.connections === 2);
    expect(client.received.toString()).toBe('one');

    proxy.set('pass');
    await client.waitFor((bytes) => bytes.toString() === 'onetwo', 'what was held back');
    await late.closed;
  });

  it('refuses new connections and keeps the old', async () => {
    const old = await RawSocket.connect(proxy.port);
    await say(old, 'one');

    proxy.set('refuse');

    // The reset may come before or after the connection counts as made.
    await RawSocket.connect(proxy.port).then(
      (socket) => socket.closed,
      () => undefined,
    );
    await say(old, 'two');
  });

  it('delays each chunk when slow and loses nothing', async () => {
    const client = await RawSocket.connect(proxy.port);
    proxy.set({ slowMs: 30 });

    for (const word of ['a', 'b', 'c']) await say(client, word);

    expect(client.received.toString()).toBe('abc');
  });

  it('half-closes: the client sees the end and the server still hears the client', async () => {
    const client = connect({ port: proxy.port, host: '127.0.0.1', allowHalfOpen: true });
    client.write('one');
    await once(client, 'data');
    const heard: string[] = [];
    accepted[0]?.on('data', (chunk: Buffer) => heard.push(chunk.toString()));

    proxy.halfClose();
    await once(client, 'end');
    client.write('still here');

    await waitUntil(() => heard.join('') === 'still here');
    client.destroy();
  });
});
