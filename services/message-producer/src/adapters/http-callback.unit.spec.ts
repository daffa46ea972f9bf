import { createServer } from 'node:net';
import type { AddressInfo, LookupFunction } from 'node:net';
import { onTeardown, waitUntil } from '@ringdown/testing';
import { Receiver } from '../testing/receiver';
import type { CallbackOutcome } from '../ports';
import { HttpCallback, type HttpCallbackOptions } from './http-callback';

const never = new AbortController().signal;
const refused = { kind: 'refused', reason: 'the callback leads to an address that is not public' };

function post(
  url: string,
  options: Partial<HttpCallbackOptions> = {},
  signal = never,
): Promise<CallbackOutcome> {
  const callback = new HttpCallback({ timeoutMs: 10_000, allowPrivate: true, ...options });
  return callback.post({ url, headers: { 'x-one': '1' }, body: '{"message":{"text":"ä"}}' }, signal);
}

/** A resolver that answers the same for every name. */
function names(...addresses: string[]): LookupFunction {
  return (_name, _options, callback) =>
    callback(
      null,
      addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    );
}

describe('a callback over HTTP', () => {
  let receiver: Receiver;

  beforeEach(async () => {
    receiver = await Receiver.start();
  });

  afterEach(() => receiver.stop());

  it('is a POST of JSON', async () => {
    expect(await post(receiver.url)).toEqual({ kind: 'accepted' });

    expect(receiver.calls).toMatchObject([
      {
        path: '/hook',
        text: '{"message":{"text":"ä"}}',
        headers: { 'content-type': 'application/json', 'content-length': '25', 'x-one': '1' },
      },
    ]);
  });

  it.each([
    [200, 'accepted'],
    [204, 'accepted'],
    [299, 'accepted'],
    [301, 'refused'],
    [302, 'refused'],
    [307, 'refused'],
    [400, 'refused'],
    [401, 'refused'],
    [404, 'refused'],
    [410, 'refused'],
    [408, 'failed'],
    [425, 'failed'],
    [429, 'failed'],
    [500, 'failed'],
    [503, 'failed'],
  ])('answered with %i is %s, and no redirect is followed', async (status, kind) => {
    const target = await Receiver.start();
    receiver.answer = (response) => response.writeHead(status, { location: target.url }).end();

    expect(await post(receiver.url)).toMatchObject({ kind });
    expect(target.calls).toEqual([]);
    await target.stop();
  });

  it('reads no more of a huge answer than its status', async () => {
    let written = 0;
    let closed = false;
    receiver.answer = (response) => {
      const chunk = Buffer.alloc(65_536);
      const more = (): void => {
        while (!closed && response.write(chunk)) written += chunk.length;
      };
      response.on('drain', more).on('close', () => (closed = true));
      more();
    };

    expect(await post(receiver.url)).toEqual({ kind: 'accepted' });
    await waitUntil(() => closed);
    expect(written).toBeLessThan(64 * 1024 * 1024);
  });

  it('ends in time when nothing is answered, and when the answer never gets to its status', async () => {
    receiver.answer = () => undefined;
    expect(await post(receiver.url, { timeoutMs: 50 })).toEqual({
      kind: 'failed',
      reason: 'no answer within 50 ms',
    });

    receiver.answer = (response) => {
      const drip = setInterval(() => response.socket?.write('HTTP/1.1 100 Continue\r\n\r\n'), 5);
      response.on('close', () => clearInterval(drip));
    };
    expect(await post(receiver.url, { timeoutMs: 50 })).toMatchObject({ kind: 'failed' });
  });

  it('ends in time when a name is looked up for too long', async () => {
    const silent: LookupFunction = () => undefined;
    expect(await post('http://name.example/', { timeoutMs: 30, lookup: silent })).toEqual({
      kind: 'failed',
      reason: 'no answer within 30 ms',
    });
  });

  it('ends when this process does', async () => {
    const stop = new AbortController();
    receiver.answer = () => stop.abort();

    expect(await post(receiver.url, {}, stop.signal)).toEqual({ kind: 'failed', reason: 'interrupted' });
  });

  it('fails where nobody listens, where the connection is closed, and where no HTTP is spoken', async () => {
    const { url } = receiver;
    receiver.answer = (response) => response.socket?.destroy();
    expect(await post(url)).toEqual({ kind: 'failed', reason: 'no answer: ECONNRESET' });

    const babbler = createServer((socket) => {
      socket.on('error', () => undefined).resume();
      socket.end('no HTTP at all\r\n\r\n');
    });
    await new Promise<void>((resolve) => babbler.listen(0, '127.0.0.1', resolve));
    onTeardown(() => new Promise((resolve) => babbler.close(() => resolve())));
    const { port } = babbler.address() as AddressInfo;
    expect(await post(`http://127.0.0.1:${port}/`)).toMatchObject({ kind: 'failed' });

    await receiver.stop();
    expect(await post(url)).toEqual({ kind: 'failed', reason: 'no answer: ECONNREFUSED' });
  });

  it('speaks TLS where the URL says so, and trusts no certificate blindly', async () => {
    expect(await post(receiver.url.replace('http:', 'https:'))).toMatchObject({ kind: 'failed' });
    expect(receiver.calls).toEqual([]);
  });

  describe('whose address must be public', () => {
    it.each([
      'http://127.0.0.1:PORT/',
      'http://2130706433:PORT/',
      'http://0x7f.1:PORT/',
      'http://0177.0.0.1:PORT/',
      'http://127.1:PORT/',
      'http://[::1]:PORT/',
      'http://[::ffff:127.0.0.1]:PORT/',
      'http://localhost:PORT/',
      'http://169.254.169.254/latest/meta-data/',
      'http://[fe80::1]/',
      'http://0.0.0.0:PORT/',
      'http://[::]:PORT/',
      'http://10.0.0.1/',
      'https://192.168.0.1/',
    ])('is not made to %s', async (url) => {
      const port = new URL(receiver.url).port;

      expect(await post(url.replace('PORT', port), { allowPrivate: false })).toEqual(refused);
      expect(receiver.calls).toEqual([]);
    });

    it.each([
      [['127.0.0.1']],
      [['10.1.2.3', '::1']],
      [['169.254.169.254']],
      [['::ffff:127.0.0.1']],
      [['64:ff9b::7f00:1']],
      [[]],
    ])('is not made to a name of %j', async (addresses) => {
      const { port } = new URL(receiver.url);

      expect(
        await post(`http://name.example:${port}/`, { allowPrivate: false, lookup: names(...addresses) }),
      ).toEqual(refused);
      expect(receiver.calls).toEqual([]);
    });

    it('is never made to link-local, unspecified and multicast addresses, even where private ones are allowed', async () => {
      for (const address of ['169.254.169.254', 'fe80::1', '0.0.0.0', '::', '224.0.0.1', '255.255.255.255']) {
        expect(await post('http://name.example/', { lookup: names(address) })).toEqual(refused);
      }
    });

    it('goes to those addresses of a name that are allowed, and only there', async () => {
      const { port } = new URL(receiver.url);

      expect(
        await post(`http://name.example:${port}/`, { lookup: names('169.254.169.254', '127.0.0.1') }),
      ).toEqual({ kind: 'accepted' });
      expect(receiver.calls).toHaveLength(1);
    });

    it('is judged by the address that is connected to: a name is looked up once', async () => {
      const { port } = new URL(receiver.url);
      let lookups = 0;
      const rebinding: LookupFunction = (name, options, callback) => {
        lookups += 1;
        names(lookups === 1 ? '127.0.0.1' : '169.254.169.254')(name, options, callback);
      };

      expect(await post(`http://name.example:${port}/`, { lookup: rebinding })).toEqual({ kind: 'accepted' });
      expect(lookups).toBe(1);
    });

    it('fails, and may be tried again, when a name is not known', async () => {
      const unknown: LookupFunction = (_name, _options, callback) =>
        callback(Object.assign(new Error('no such name'), { code: 'ENOTFOUND' }), []);

      expect(await post('http://name.example/', { lookup: unknown })).toEqual({
        kind: 'failed',
        reason: 'no answer: ENOTFOUND',
      });
    });
  });
});
