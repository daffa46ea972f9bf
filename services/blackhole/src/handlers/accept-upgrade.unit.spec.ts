import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { RawSocket, UpgradeRefused, WsClient, onTeardown, waitUntil } from '@ringdown/testing';
import {
  CUSTOMER,
  SIBLING,
  callCreated,
  startBlackhole,
  type TestBlackhole,
} from '../testing/start-blackhole';

let system: TestBlackhole;

beforeAll(async () => {
  system = await startBlackhole({ wsMaxConnectionsPerPrincipal: 2, trustProxy: ['127.0.0.1/32'] });
});

async function refusal(connecting: Promise<WsClient>): Promise<number> {
  const error = await connecting.then(
    () => new Error('it was accepted'),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(UpgradeRefused);
  return (error as UpgradeRefused).status;
}

describe('a token in the headers of the upgrade', () => {
  it.each([
    ['Authorization: Bearer', (token: string) => ({ authorization: `Bearer ${token}` })],
    ['a bare Authorization', (token: string) => ({ authorization: token })],
    ['X-Auth-Token', (token: string) => ({ 'x-auth-token': token })],
  ])('in %s authenticates from the start', async (_how, headers) => {
    const token = system.directory.tokenFor(CUSTOMER, { userId: _how });
    const client = await system.connect({ headers: headers(token) });

    await client.subscribe('call.*.*');
    await system.publish(callCreated(CUSTOMER, _how.length.toString()));

    await client.nextEvent();
  });

  it('that is not accepted is refused with 403', async () => {
    expect(await refusal(system.connect({ headers: { authorization: 'Bearer nonsense' } }))).toBe(403);
    expect(await refusal(system.connect({ headers: { 'x-auth-token': 'nonsense' } }))).toBe(403);
  });

  it('that cannot be checked is refused with 503', async () => {
    system.directory.unavailable = true;
    try {
      expect(await refusal(system.connect({ headers: { 'x-auth-token': system.token } }))).toBe(503);
    } finally {
      system.directory.unavailable = false;
    }
  });

  it('is no business of ours when it is a browser repeating Basic credentials', async () => {
    const client = await system.connect({ headers: { authorization: 'Basic YTpi' }, token: system.token });

    await client.requestOk('ping');
  });

  it('revoked while the upgrade was under way closes the socket', async () => {
    const token = system.directory.tokenFor(CUSTOMER, { userId: 'raced' });
    let open!: () => void;
    system.directory.gate = new Promise((resolve) => (open = resolve));
    const asked = system.directory.questions.length;
    const connecting = system.connect({ headers: { 'x-auth-token': token } });
    await waitUntil(() => system.directory.questions.length > asked);

    // Invalid from now on, but the answer under way does not know.
    const principal = system.directory.principalOf(token);
    jest.spyOn(system.directory, 'check').mockResolvedValue('revoked');
    system.directory.tell({ kind: 'token', tokenId: principal.tokenId! });
    system.directory.gate = undefined;
    open();

    const client = await connecting;
    expect((await client.closed).code).toBe(4003);
    jest.restoreAllMocks();
  });
});

describe('an upgrade', () => {
  it.each(['/', '/socket.io', '/any/path?and=query', '/healthz'])('is taken at %s', async (path) => {
    const client = await WsClient.connect(new URL(path, system.url).href, { token: system.token });

    await client.requestOk('ping');
    await client.close();
  });

  it('that offers a subprotocol is accepted without selecting it', async () => {
    const raw = await RawSocket.connect(system.blackhole.port);
    raw.write(
      [
        'GET / HTTP/1.1',
        'Host: x',
        'Upgrade: websocket',
        'Connection: Upgrade',
        'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
        'Sec-WebSocket-Version: 13',
        'Sec-WebSocket-Protocol: chat, v12.stomp',
        '\r\n',
      ].join('\r\n'),
    );

    const answer = (await raw.waitFor((bytes) => bytes.includes('\r\n\r\n'))).toString();

    expect(answer).toMatch(/^HTTP\/1\.1 101 /);
    expect(answer).not.toMatch(/sec-websocket-protocol/i);
    expect(answer).not.toMatch(/sec-websocket-extensions/i);
  });

  it('never negotiates compression', async () => {
    const raw = await RawSocket.handshake(system.url, {
      'Sec-WebSocket-Extensions': 'permessage-deflate; client_max_window_bits',
    });

    expect(raw.socket.destroyed).toBe(false);
  });

  it('without a key is no handshake', async () => {
    const raw = await RawSocket.connect(system.blackhole.port);
    raw.write('GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n');

    expect((await raw.waitFor((bytes) => bytes.length > 20)).toString()).toMatch(/^HTTP\/1\.1 400 /);
  });
});

describe('a plain request', () => {
  const get = (path: string) => fetch(new URL(path, system.url.replace('ws', 'http')));

  it('is told to upgrade', async () => {
    const response = await get('/');

    expect(response.status).toBe(426);
    expect(response.headers.get('upgrade')).toBe('websocket');
  });

  it('gets probes and metrics', async () => {
    expect((await get('/healthz')).status).toBe(200);
    const ready = await get('/readyz');
    expect(ready.status).toBe(200);
    expect(await ready.json()).toMatchObject({
      checks: { broker: 'ok', authorization: 'ok', sockets: 'ok' },
    });
    expect(await (await get('/metrics')).text()).toContain('ringdown_blackhole_sockets');
  });

  it('is told when the service is not ready', async () => {
    system.directory.ready = false;
    try {
      expect((await get('/readyz')).status).toBe(503);
      expect((await get('/healthz')).status).toBe(200);
    } finally {
      system.directory.ready = true;
    }
  });
});

describe('limits of connections', () => {
  it('per address, behind a trusted proxy, is a 429; a closed socket makes room', async () => {
    const limited = await startBlackhole({ wsMaxConnectionsPerIp: 2, trustProxy: ['127.0.0.1/32'] });
    const from = (address: string) => limited.connect({ headers: { 'x-forwarded-for': address } });
    const first = await from('192.0.2.1');
    await from('192.0.2.1');

    expect(await refusal(from('192.0.2.1'))).toBe(429);
    await from('192.0.2.2');
    expect(await refusal(from('192.0.2.1, 192.0.2.1'))).toBe(429);

    await first.close();
    await waitUntil(() =>
      from('192.0.2.1').then(
        () => true,
        () => false,
      ),
    );
    await limited.stop();
  });

  it('per principal is an error and 4009 inside the socket, a 429 at the upgrade', async () => {
    const token = system.directory.tokenFor(SIBLING);
    for (let count = 0; count < 2; count += 1) await (await system.connect({ token })).requestOk('ping');
    const third = await system.connect({ token });

    third.sendJson({ action: 'ping', auth_token: token });

    expect(await third.closed).toEqual({ code: 4009, reason: 'connection limit reached' });
    expect(third.frames).toMatchObject([{ status: 'error', data: { errors: ['connection limit reached'] } }]);
    expect(await refusal(system.connect({ headers: { 'x-auth-token': token } }))).toBe(429);
  });
});

describe('on the listener of another service', () => {
  it('takes sockets at the given paths only', async () => {
    const server = createServer();
    server.on('upgrade', system.blackhole.upgradeHandler({ paths: ['/', '/ws'] }));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTeardown(() => new Promise((resolve) => server.close(() => resolve())));
    const url = (path: string) => `ws://127.0.0.1:${(server.address() as AddressInfo).port}${path}`;

    for (const path of ['/', '/ws', '/ws?x=1']) {
      const client = await WsClient.connect(url(path), { token: system.token });
      await client.requestOk('ping');
      await client.close();
    }

    expect(await refusal(WsClient.connect(url('/api')))).toBe(404);
  });
});
