import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { instanceTagOf, socketIdOfClient } from '@ringdown/contracts';
import { RawSocket, UpgradeRefused, WsClient, onTeardown, waitUntil, type Frame } from '@ringdown/testing';
import { CUSTOMER, RESELLER, ROOT, SIBLING } from '../testing/start-blackhole';
import { HEX_64, ISO_TIME, KEY, UUID_4, startHub, type TestHub, welcomeOf } from '../testing/start-hub';
import { hubPaths } from './hub-paths';

let hub: TestHub;

beforeAll(async () => {
  hub = await startHub();
});

async function refusal(connecting: Promise<WsClient>): Promise<{ status: number; body: Frame }> {
  const error = await connecting.then(
    () => new Error('it was accepted'),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(UpgradeRefused);
  const { status, body } = error as UpgradeRefused;
  return { status, body: JSON.parse(body) as Frame };
}

function expectErrorBody(body: Frame, code: number): void {
  expect(Object.keys(body)).toEqual(['code', 'message', 'stack']);
  expect(body).toMatchObject({ code, message: expect.any(String) as string });
  const stack = body['stack'] as Frame[];
  expect(stack.length).toBeGreaterThan(0);
  for (const fault of stack) {
    expect(fault).toEqual({
      code,
      description: expect.any(String) as string,
      error: expect.any(String) as string,
      path: expect.any(String) as string,
    });
  }
}

describe('the upgrade', () => {
  it.each(hubPaths)('is taken at %s, and the welcome is the first frame', async (path) => {
    const token = hub.tokenOf(CUSTOMER);
    const client = await WsClient.connect(
      hub.hubUrl('event_types=CALL,Health,object.DOC_EDITED.user,pdfm,call', path),
      {
        headers: { authorization: token },
      },
    );
    const welcome = await client.waitForFrame(() => true);

    expect(Object.keys(welcome)).toEqual(['id', 'event_type', 'timestamp', 'message', 'body']);
    expect(welcome).toEqual({
      id: expect.stringMatching(HEX_64) as string,
      event_type: 'global',
      timestamp: expect.stringMatching(ISO_TIME) as string,
      message: 'WebSocket connection established subscribed to global by default',
      body: {
        client_id: expect.stringMatching(UUID_4) as string,
        subscriptions: ['call', 'health', 'object.doc_edited.user', 'global'],
        user_id: hub.directory.principalOf(token).userId,
        account_id: CUSTOMER,
      },
    });
  });

  it('without event types, or with unknown ones only, subscribes to global', async () => {
    for (const query of ['', 'event_types=', 'event_types=pdfm,vm']) {
      expect(welcomeOf(await hub.open(query)).subscriptions).toEqual(['global']);
    }
    expect(welcomeOf(await hub.open('event_types=global,call')).subscriptions).toEqual(['global', 'call']);
  });

  it('gives a client id that leads to the instance', async () => {
    const { client_id } = welcomeOf(await hub.open());
    expect(hub.broker.instance.endsWith(instanceTagOf(socketIdOfClient(client_id)!))).toBe(true);
  });

  it.each([
    ['the key', KEY],
    ['base64 of id and key', Buffer.from(`key-1:${KEY}`).toString('base64')],
  ])('may show an API key as %s; its user is its account, and it does not expire', async (_how, header) => {
    const client = await WsClient.connect(hub.hubUrl('event_types=call'), {
      headers: { 'x-api-key': header },
    });
    const welcome = await client.waitForFrame(() => true);
    expect(welcome['body']).toMatchObject({ user_id: CUSTOMER, account_id: CUSTOMER });
    await client.close();
  });

  it('on the listener of another service is taken at the same paths', async () => {
    const server = createServer();
    server.on('upgrade', hub.blackhole.upgradeHandler({ paths: ['/', '/ws'] }));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTeardown(() => new Promise((resolve) => server.close(() => resolve())));
    for (const path of hubPaths) {
      const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}${path}`;
      const client = await WsClient.connect(url, { headers: { authorization: hub.tokenOf(CUSTOMER) } });
      expect((await client.waitForFrame(() => true))['event_type']).toBe('global');
      await client.close();
    }
  });
});

describe('an upgrade is refused before it takes place', () => {
  const connect = (
    query: string,
    headers: Record<string, string> = { authorization: hub.tokenOf(CUSTOMER) },
  ) => refusal(WsClient.connect(hub.hubUrl(query), { headers }));

  it.each([
    ['without credentials', {}],
    ['with a wrong token', { authorization: 'Bearer nonsense' }],
    ['with a wrong API key', { 'x-api-key': 'nonsense' }],
    ['with the key of another id', { 'x-api-key': Buffer.from(`other:${KEY}`).toString('base64') }],
    ['with the credentials of a web page', { authorization: 'Basic YTpi' }],
  ])('401 %s', async (_what, headers) => {
    const { status, body } = await connect('', headers as unknown as Record<string, string>);
    expect(status).toBe(401);
    expectErrorBody(body, 401);
  });

  it('401 with a token in the URL, unless a setting allows it', async () => {
    const token = hub.tokenOf(CUSTOMER);
    expect((await connect(`access_token=${token}`, {})).status).toBe(401);

    const browserly = await startHub({ wsHubTokenInQuery: true });
    const allowed = browserly.directory.tokenFor(CUSTOMER);
    const client = await WsClient.connect(browserly.hubUrl(`access_token=${allowed}`));
    await client.waitForFrame(() => true);
    await browserly.stop();
  });

  it('400 with unknown event types in strict mode, a fault for each', async () => {
    const { status, body } = await connect('event_types=call,pdfm,vm&strict=true');
    expect(status).toBe(400);
    expectErrorBody(body, 400);
    expect(body['stack']).toMatchObject([
      { description: 'invalid event type: pdfm', path: 'event_types' },
      { description: 'invalid event type: vm', path: 'event_types' },
    ]);
  });

  it('403 for the events of an account that is not below', async () => {
    for (const accountId of [SIBLING, RESELLER, ROOT, '*', 'e'.repeat(32)]) {
      const { status, body } = await connect(`event_types=call&account_id=${accountId}`);
      expect(status).toBe(403);
      expectErrorBody(body, 403);
    }
  });

  it('409 above the limit of connections of the principal, and a closed socket makes room', async () => {
    const token = hub.tokenOf(CUSTOMER);
    const clients = [
      await hub.open('', { token }),
      await hub.open('', { token }),
      await hub.open('', { token }),
    ];
    const { status, body } = await connect('', { authorization: token });
    expect(status).toBe(409);
    expectErrorBody(body, 409);

    await clients[0]!.close();
    await waitUntil(() =>
      hub.open('', { token }).then(
        () => true,
        () => false,
      ),
    );
  });

  it('503 while nobody can say who asks', async () => {
    hub.directory.unavailable = true;
    try {
      const { status, body } = await connect('');
      expect(status).toBe(503);
      expectErrorBody(body, 503);
    } finally {
      hub.directory.unavailable = false;
    }
  });

  it('400 when it is no handshake', async () => {
    const raw = await RawSocket.connect(hub.blackhole.port);
    raw.write(
      `GET /api/v1/ws/subscribe HTTP/1.1\r\nHost: x\r\nAuthorization: ${hub.tokenOf(CUSTOMER)}\r\n` +
        'Upgrade: websocket\r\nConnection: Upgrade\r\n\r\n',
    );
    await raw.closed;
    const text = raw.received.toString();
    expect(text).toMatch(/^HTTP\/1\.1 400 /);
    expectErrorBody(JSON.parse(text.slice(text.indexOf('\r\n\r\n'))) as Frame, 400);
  });

  it('400 when it is a plain request', async () => {
    const response = await fetch(hub.hubUrl('').replace('ws:', 'http:'));
    expect(response.status).toBe(400);
    const body = (await response.json()) as Frame;
    expectErrorBody(body, 400);
    expect(body['message']).toMatch(/^Failed to upgrade connection: /);
  });
});
