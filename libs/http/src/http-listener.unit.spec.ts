import { connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { request as httpRequest, Agent, type RequestListener } from 'node:http';
import { deferred } from '@ringdown/core';
import { HttpListener, type HttpListenerOptions } from './http-listener';

const listeners: HttpListener[] = [];

async function listening(
  app: RequestListener,
  options: Partial<HttpListenerOptions> = {},
): Promise<HttpListener> {
  const listener = new HttpListener({
    host: '127.0.0.1',
    port: 0,
    portSetting: 'RINGDOWN_API_PORT',
    app,
    ...options,
  });
  listeners.push(listener);
  await listener.start();
  return listener;
}

afterEach(async () => {
  await Promise.all(listeners.splice(0).map((listener) => listener.stop()));
});

/** Sends bytes on a connection of its own and reads until the server closes it. */
function exchange(listener: HttpListener, bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(listener.port, '127.0.0.1', () => socket.write(bytes));
    let text = '';
    socket.on('data', (chunk) => (text += chunk.toString('latin1')));
    socket.on('error', reject);
    socket.on('close', () => resolve(text));
  });
}

function bodyOf(response: string): unknown {
  return JSON.parse(response.slice(response.indexOf('\r\n\r\n') + 4));
}

const hello: RequestListener = (_request, response) => response.end('hello');

describe('HttpListener', () => {
  it('tells the port it got', async () => {
    const listener = await listening(hello);

    expect(listener.port).toBeGreaterThan(0);
    expect(await (await fetch(`http://127.0.0.1:${listener.port}/`)).text()).toBe('hello');
  });

  it('names the port and the setting in one sentence when the port is taken', async () => {
    const first = await listening(hello);
    const second = new HttpListener({
      host: '127.0.0.1',
      port: first.port,
      portSetting: 'RINGDOWN_API_PORT',
      app: hello,
    });

    const failure = second.start();

    await expect(failure).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringMatching(new RegExp(`^Port ${first.port} .*RINGDOWN_API_PORT\\.$`)) as string,
    });
    await second.stop();
  });

  it.each([
    ['garbage', 'GARBAGE\r\n\r\n', 400],
    ['a header with a NUL byte', 'GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n', 400],
    [
      'two different lengths',
      'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab',
      400,
    ],
    ['a missing Host', 'GET / HTTP/1.1\r\n\r\n', 400],
    ['headers of 100 kB', `GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(100_000)}\r\n\r\n`, 431],
    ['CONNECT', 'CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n', 405],
  ])('answers %s with a well-formed JSON body', async (_name, bytes, status) => {
    const listener = await listening(hello);

    const response = await exchange(listener, bytes);

    expect(response.startsWith(`HTTP/1.1 ${status} `)).toBe(true);
    expect(bodyOf(response)).toMatchObject({ status: 'error', error: String(status) });
    expect(await (await fetch(`http://127.0.0.1:${listener.port}/`)).text()).toBe('hello');
  });

  it('answers a client that has ended its side, once', async () => {
    // Answers only when it knows that nothing more comes.
    const listener = await listening(
      (request, response) => void request.socket.once('end', () => setImmediate(() => response.end('hello'))),
    );

    const answers = await new Promise<string>((resolve) => {
      const socket = connect({ port: listener.port, host: '127.0.0.1', allowHalfOpen: true });
      let text = '';
      socket.on('data', (chunk) => (text += chunk.toString('latin1')));
      socket.on('close', () => resolve(text));
      socket.end('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
      socket.on('end', () => socket.destroy());
    });

    expect(answers.match(/HTTP\/1\.1 /g)).toHaveLength(1);
    expect(answers).toContain('hello');
  });

  it('answers a body that ends too soon', async () => {
    const listener = await listening(
      (request, response) => void request.on('end', () => response.end()).resume(),
    );

    const answer = await new Promise<string>((resolve) => {
      const socket = connect({ port: listener.port, host: '127.0.0.1', allowHalfOpen: true });
      let text = '';
      socket.on('data', (chunk) => (text += chunk.toString('latin1')));
      socket.on('close', () => resolve(text));
      socket.end('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc');
      socket.on('end', () => socket.destroy());
    });

    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
  });

  it('lets a client that is still sending read why it is refused', async () => {
    const listener = await listening(hello);

    const response = await exchange(listener, `GARBAGE\r\n\r\n${'x'.repeat(2_000_000)}`);

    expect(response).toMatch(/^HTTP\/1\.1 400 /);
    expect(response.match(/HTTP\/1\.1 /g)).toHaveLength(1);
  });

  it('closes a connection whose headers never end', async () => {
    const listener = await listening(hello, { headersTimeoutMs: 50, requestTimeoutMs: 100 });

    const response = await exchange(listener, 'GET / HTTP/1.1\r\nHost: a\r\nX-Slow: ');

    expect(response.startsWith('HTTP/1.1 408 ')).toBe(true);
  });

  it('hands a WebSocket upgrade to the handler and declines any other offer by answering the request', async () => {
    const listener = await listening(hello);
    listener.onUpgrade((_request, socket) => socket.end('HTTP/1.1 418 Handler\r\n\r\n'));
    const offer = (protocol: string): string =>
      `GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: ${protocol}\r\n\r\n`;

    expect(await exchange(listener, offer('websocket'))).toContain('418 Handler');
    expect(await exchange(listener, offer('h2c'))).toMatch(/^HTTP\/1\.1 200 OK[^]*hello/);
  });

  it('leaves upgraded connections to their handler when it stops', async () => {
    const listener = await listening(hello);
    const upgraded = deferred<Duplex>();
    listener.onUpgrade((_request, socket) => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\n\r\n');
      upgraded.resolve(socket);
    });
    const client = connect(listener.port, '127.0.0.1');
    client.write('GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n');
    const server = await upgraded.promise;

    await listener.stop();

    const echoed = new Promise<string>((resolve) => {
      client.on('data', (chunk) => chunk.toString().includes('still here') && resolve(chunk.toString()));
    });
    server.write('still here');
    expect(await echoed).toContain('still here');
    const closed = new Promise((resolve) => client.once('close', resolve));
    server.destroy();
    await closed;
  });

  it('refuses upgrades with 503 while draining', async () => {
    const listener = await listening(hello);
    listener.onUpgrade((_request, socket) => socket.end('HTTP/1.1 418 Handler\r\n\r\n'));

    listener.beginDrain();

    const offer = 'GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n';
    expect(await exchange(listener, offer)).toMatch(/^HTTP\/1\.1 503 /);
  });

  it('finishes the request under way, closes idle connections and takes no new ones on stop', async () => {
    const arrived = deferred();
    const release = deferred();
    const listener = await listening(
      (request, response) => {
        if (request.url !== '/slow') return response.end('hello');
        arrived.resolve();
        return void release.promise.then(() => response.end('slow but complete'));
      },
      { paceMs: 20 },
    );
    const agent = new Agent({ keepAlive: true });
    const idle = await new Promise<Socket>((resolve) => {
      httpRequest({ port: listener.port, host: '127.0.0.1', agent }, (response) => {
        const { socket } = response;
        response.resume().on('end', () => resolve(socket));
      }).end();
    });
    const idleClosed = new Promise((resolve) => idle.once('close', resolve));
    const slow = fetch(`http://127.0.0.1:${listener.port}/slow`);
    await arrived.promise;

    const stopped = listener.stop();

    await idleClosed;
    await expect(fetch(`http://127.0.0.1:${listener.port}/`)).rejects.toThrow();
    release.resolve();
    const response = await slow;
    expect(response.headers.get('connection')).toBe('close');
    expect(await response.text()).toBe('slow but complete');
    await stopped;
    agent.destroy();
  });

  it('answers the first request of a connection that was made before the stop', async () => {
    const listener = await listening(hello);
    const proxy = connect(listener.port, '127.0.0.1');
    while (listener.connectionCount === 0) await new Promise((resolve) => setImmediate(resolve));

    const stopped = listener.stop();
    await expect(fetch(`http://127.0.0.1:${listener.port}/`)).rejects.toThrow();
    proxy.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');

    let answer = '';
    for await (const chunk of proxy) answer += String(chunk);
    expect(answer).toMatch(/^HTTP\/1\.1 200 [^]*connection: close[^]*hello$/i);
    await stopped;
  });

  it('does not wait for a connection on which nothing comes', async () => {
    const listener = await listening(hello, { drainTimeoutMs: 200 });
    const silent = connect(listener.port, '127.0.0.1');
    const ended = new Promise((resolve) => silent.once('end', resolve).resume());
    while (listener.connectionCount === 0) await new Promise((resolve) => setImmediate(resolve));

    await listener.stop();

    await ended;
    silent.destroy();
  });

  it('destroys what is still open at the drain deadline', async () => {
    const listener = await listening(() => undefined, { drainTimeoutMs: 50 });
    const hanging = fetch(`http://127.0.0.1:${listener.port}/`).then(
      () => 'answered',
      () => 'cut',
    );
    while (listener.connectionCount === 0) await new Promise((resolve) => setImmediate(resolve));

    await listener.stop();

    expect(await hanging).toBe('cut');
  });

  it('may be stopped twice, and before it was started', async () => {
    const never = new HttpListener({ host: '127.0.0.1', port: 0, portSetting: 'X', app: hello });
    await never.stop();
    const listener = await listening(hello);

    await Promise.all([listener.stop(), listener.stop()]);

    expect(listener.listening).toBe(false);
  });
});
