import { RawSocket, UpgradeRefused, WsClient } from '@ringdown/testing';
import { startStomp, type TestStomp } from '../testing/start-stomp';
import { StompClient } from '../testing/stomp-client';

let stomp: TestStomp;

beforeAll(async () => {
  stomp = await startStomp({ wsMaxConnectionsPerPrincipal: 1 });
});

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

const right = {
  Host: 'x',
  Connection: 'Upgrade',
  Upgrade: 'websocket',
  'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
  'Sec-WebSocket-Version': '13',
};

/** A handshake that is right but for what the test changes; undefined leaves a header out. */
async function ask(
  path: string,
  headers: Readonly<Record<string, string | undefined>>,
  method = 'GET',
): Promise<Answer> {
  const raw = await RawSocket.connect(stomp.blackhole.port);
  const lines = Object.entries({ ...right, ...headers })
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}: ${value}\r\n`);
  raw.write(`${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n`);
  const isWhole = (bytes: Buffer): boolean => {
    const [head = '', body] = bytes.toString().split('\r\n\r\n');
    return body !== undefined && body.length >= Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0);
  };
  const [head = '', body = ''] = (await raw.waitFor(isWhole)).toString().split('\r\n\r\n');
  const [first = '', ...rest] = head.split('\r\n');
  const answered = rest.map((line): [string, string] => {
    const colon = line.indexOf(': ');
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 2)];
  });
  return { status: Number(first.split(' ')[1]), headers: Object.fromEntries(answered), body };
}

describe.each(['/ws.communication', '/ws.communicaiton', '/ws.chatplugin'])(
  'a handshake at %s that is not right',
  (path) => {
    it.each(['POST', 'PUT', 'DELETE', 'OPTIONS'])('by %s is a 405', async (method) => {
      for (const headers of [{}, { Connection: undefined, Upgrade: undefined }]) {
        const { status, headers: answered, body } = await ask(path, headers, method);

        expect(status).toBe(405);
        expect(answered['allow']).toBe('GET');
        expect(JSON.parse(body)).toEqual({ message: 'only GET is supported here' });
      }
    });

    it.each([
      ['without Upgrade and Connection', { Connection: undefined, Upgrade: undefined }],
      ['without Upgrade', { Upgrade: undefined }],
      ['without Connection', { Connection: undefined }],
      ['to another protocol', { Upgrade: 'h2c' }],
    ])('%s is a 426 that names the protocol', async (_how, headers) => {
      const { status, headers: answered, body } = await ask(path, headers);

      expect(status).toBe(426);
      expect(answered['upgrade']).toBe('websocket');
      expect(JSON.parse(body)).toEqual({ message: 'this is not a WebSocket handshake' });
    });

    it.each(['12', '7', 'x', undefined])('of version %s is a 426 that names ours', async (version) => {
      const { status, headers, body } = await ask(path, { 'Sec-WebSocket-Version': version });

      expect(status).toBe(426);
      expect(headers['sec-websocket-version']).toBe('13, 8');
      expect(headers['upgrade']).toBe('websocket');
      expect(JSON.parse(body)).toEqual({
        message: 'this version of WebSockets is not supported, only 13, 8',
      });
    });

    it.each([
      ['without key', { 'Sec-WebSocket-Key': undefined }, 'Missing or invalid Sec-WebSocket-Key header'],
      ['with a bad key', { 'Sec-WebSocket-Key': 'x' }, 'Missing or invalid Sec-WebSocket-Key header'],
      [
        'with bad subprotocols',
        { 'Sec-WebSocket-Protocol': 'a,,b' },
        'Invalid Sec-WebSocket-Protocol header',
      ],
    ])('%s is a 400', async (_how, headers, message) => {
      const { status, headers: answered, body } = await ask(path, headers);

      expect(status).toBe(400);
      expect(answered['content-type']).toMatch(/^application\/json/);
      expect(JSON.parse(body)).toEqual({ message });
    });

    it('that is right is taken', async () => {
      expect((await ask(path, {})).status).toBe(101);
      expect((await ask(path, { 'Sec-WebSocket-Version': '8' })).status).toBe(101);
    });
  },
);

describe('an upgrade is refused', () => {
  const refused = async (connecting: Promise<WsClient>): Promise<unknown> => {
    const error = await connecting.catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(UpgradeRefused);
    const { status, body } = error as UpgradeRefused;
    return [status, body === '' ? undefined : JSON.parse(body)];
  };
  const withToken = (token: string): Promise<WsClient> =>
    WsClient.connect(stomp.stompUrl, { headers: { authorization: token } });

  it('with a 403 and no body when the token is not accepted', async () => {
    expect(await refused(withToken('nonsense'))).toEqual([403, undefined]);
  });

  it('with a 503 while the token cannot be checked', async () => {
    stomp.directory.unavailable = true;
    try {
      const message = 'authorization unavailable, try again';
      expect(await refused(withToken(stomp.token))).toEqual([503, { message }]);
      const { headers } = await ask('/ws.communication', { Authorization: stomp.token });
      expect(headers['retry-after']).toBe('1');
    } finally {
      stomp.directory.unavailable = false;
    }
  });

  it('with a 429 above the limit of a principal', async () => {
    await StompClient.open(stomp.stompUrl, { authorization: stomp.token });

    const message = 'too many connections of this principal';
    expect(await refused(withToken(stomp.token))).toEqual([429, { message }]);
  });
});
