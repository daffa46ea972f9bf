import { UpgradeRefused, WsClient } from '@ringdown/testing';
import { CUSTOMER, SIBLING } from '../testing/start-blackhole';
import { refusalOf, startStomp, type TestStomp } from '../testing/start-stomp';
import { StompClient } from '../testing/stomp-client';

let stomp: TestStomp;

beforeAll(async () => {
  stomp = await startStomp();
});

describe('CONNECT', () => {
  it.each([
    ['C4: of those both have the highest counts', '1.0,1.1,1.2', '1.2'],
    ['C4: whatever their order', '1.2,1.0,1.1', '1.2'],
    ['C4: those nobody knows do not count', '1.1,1.0,2.0', '1.1'],
    ['C4: spaces do not matter', '1.0, 1.1', '1.1'],
    ['C3: without accept-version it is 1.0', undefined, '1.0'],
  ])('%s', async (_rule, accepted, version) => {
    const client = await stomp.open();
    client.send('CONNECT', {
      Authorization: stomp.token,
      ...(accepted === undefined ? {} : { 'accept-version': accepted }),
    });

    const { headers } = await client.next('CONNECTED');

    // C5, C6: a session for 1.0, the server's name; no host is needed.
    expect(headers).toMatchObject({ version, server: 'ringdown', 'heart-beat': '30000,30000' });
    expect(headers['session']).toMatch(/^[0-9a-f]{32}$/);
    expect(headers['user-name']).toBe('user-1');
  });

  it('C4: no common version is an ERROR that names ours', async () => {
    const client = await stomp.open();
    client.send('CONNECT', { 'accept-version': '2.0', Authorization: stomp.token });

    const { error, code } = await client.failure();

    expect(code).toBe(1002);
    expect(error?.headers).toMatchObject({ version: '1.0,1.1,1.2', 'content-type': 'text/plain' });
    expect(error?.body).toContain('1.0 1.1 1.2');
  });

  it('C1: anything before it is an ERROR', async () => {
    const client = await stomp.open();
    client.send('SUBSCRIBE', { id: '1', destination: '/queue/message', receipt: 'r' });

    expect(await refusalOf(client)).toEqual(['the first frame must be CONNECT', 1002]);
    expect(client.frames[0]?.headers['receipt-id']).toBe('r');
  });

  it('C1: line ends before it are not', async () => {
    const client = await stomp.open();
    client.socket.send('\n');
    client.socket.send('\r\n');
    client.send('CONNECT', { 'accept-version': '1.2', Authorization: stomp.token });

    await client.next('CONNECTED');
  });

  it('C1: a second one is an ERROR', async () => {
    const client = await stomp.client();
    client.send('CONNECT', { 'accept-version': '1.2', Authorization: stomp.token });

    expect(await refusalOf(client)).toEqual(['already connected', 1002]);
  });

  it('C2: STOMP is the same', async () => {
    const client = await stomp.open();
    client.send('STOMP', { 'accept-version': '1.2', Authorization: stomp.token });

    await client.next('CONNECTED');
  });

  it('C2: STOMP without accept-version is an ERROR', async () => {
    const client = await stomp.open();
    client.send('STOMP', { Authorization: stomp.token });

    expect(await refusalOf(client)).toEqual(['missing header accept-version', 1002]);
  });

  it('C7: gets no RECEIPT', async () => {
    const client = await stomp.client({ headers: { receipt: 'no' } });
    await client.subscribe('1', '/queue/message');

    expect(client.frames.map(({ command }) => command)).toEqual(['CONNECTED', 'RECEIPT']);
    expect(client.frames[1]?.headers['receipt-id']).not.toBe('no');
  });

  it('C8: that does not come in time is an ERROR', async () => {
    const hasty = await startStomp({ wsUnauthenticatedTimeoutMs: 200 });
    const silent = await hasty.open({ authorization: hasty.token });

    expect(await refusalOf(silent)).toEqual(['no CONNECT frame in time', 1002]);
    await hasty.stop();
  });

  it.each(['x', '1', '1,2,3', '-1,0', '1, 2', ''])('H1: heart-beat `%s` is an ERROR', async (value) => {
    const client = await stomp.open();
    client.send('CONNECT', { 'accept-version': '1.1', Authorization: stomp.token, 'heart-beat': value });

    expect(await refusalOf(client)).toEqual(['invalid heart-beat header', 1002]);
  });
});

describe('the token', () => {
  it.each(['Authorization', 'authorization', 'AUTHORIZATION'])('may be in %s of CONNECT', async (name) => {
    for (const value of [stomp.token, `Bearer ${stomp.token}`]) {
      await (
        await StompClient.connect(stomp.stompUrl, { headers: { [name]: value } })
      ).subscribe('1', '/queue/message');
    }
  });

  it('may be in the handshake instead', async () => {
    const client = await stomp.open({ authorization: `Bearer ${stomp.token}` });
    client.send('CONNECT', { 'accept-version': '1.2' });

    await client.next('CONNECTED');
  });

  it('that is bad is refused with 403 in the handshake', async () => {
    const refused = WsClient.connect(stomp.stompUrl, { headers: { authorization: 'nonsense' } });

    await expect(refused).rejects.toMatchObject({ status: 403 });
    await expect(refused).rejects.toBeInstanceOf(UpgradeRefused);
  });

  it.each([
    ['missing', {}],
    ['bad', { Authorization: 'nonsense' }],
    ['empty', { Authorization: '' }],
  ])('that is %s in CONNECT is an ERROR with 401', async (_how, headers) => {
    const client = await stomp.open();
    client.send('CONNECT', { 'accept-version': '1.2', ...headers });

    expect(await refusalOf(client)).toEqual(['401 Unauthorized', 1002]);
  });

  it('of CONNECT counts when both are given, also when it is the bad one', async () => {
    const sibling = stomp.directory.tokenFor(SIBLING, { userId: 'sibling' });
    const client = await stomp.open({ authorization: stomp.token });
    client.send('CONNECT', { 'accept-version': '1.2', Authorization: sibling });
    expect((await client.next('CONNECTED')).headers['user-name']).toBe('sibling');

    const bad = await stomp.open({ authorization: stomp.token });
    bad.send('CONNECT', { 'accept-version': '1.2', Authorization: 'nonsense' });
    expect(await refusalOf(bad)).toEqual(['401 Unauthorized', 1002]);
  });

  it('that cannot be checked is an ERROR that says so', async () => {
    const client = await stomp.open();
    stomp.directory.unavailable = true;
    try {
      client.send('CONNECT', { 'accept-version': '1.2', Authorization: stomp.token });
      expect(await refusalOf(client)).toEqual(['authorization unavailable, try again', 1002]);
    } finally {
      stomp.directory.unavailable = false;
    }
  });

  it('that is revoked ends the connection with a 401', async () => {
    const token = stomp.directory.tokenFor(CUSTOMER, { userId: 'gone' });
    const client = await stomp.client({ token });
    await client.subscribe('1', '/queue/message');

    stomp.directory.revoke(token);

    expect(await refusalOf(client)).toEqual(['401 Unauthorized, authentication revoked', 1002]);
  });
});

it('is spoken at the second spelling, too', async () => {
  await StompClient.connect(new URL('/ws.communicaiton', stomp.url).href, { token: stomp.token });
});

it.each([
  [['v10.stomp', 'v12.stomp'], 'v10.stomp'],
  [['other', 'v11.stomp'], 'v11.stomp'],
])('of the subprotocols %j the first that is known is selected', async (protocols, selected) => {
  const client = await WsClient.connect(stomp.stompUrl, { protocols });

  expect(client.socket.protocol).toBe(selected);
});

it('no subprotocol is needed', async () => {
  const client = await WsClient.connect(stomp.stompUrl);

  expect(client.socket.protocol).toBe('');
});
