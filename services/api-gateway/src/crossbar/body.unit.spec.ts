import { connect } from 'node:net';
import { GatewayFixture } from '../testing/gateway-fixture';
import { startWithBob, user, users } from '../testing/gateway-with-bob';

let fixture: GatewayFixture;

beforeEach(async () => {
  fixture = await startWithBob();
});

afterEach(() => fixture.stop());

describe('bodies', () => {
  const put = (body: string | Uint8Array<ArrayBuffer>, contentType = 'application/json') =>
    fixture.call('PUT', users, { token: 'admin', body, headers: { 'content-type': contentType } });
  const notJson = { json: { invalid: expect.objectContaining({ target: 'body' }) as object } };
  const noData = { data: { required: expect.anything() as object } };

  it.each<[string, string, unknown]>([
    ['no JSON', '{"data":', notJson],
    ['an array', '[]', notJson],
    ['a text', '"data"', notJson],
    ['nothing', '', noData],
    ['spaces', '   ', noData],
    ['no data', '{"first_name":"Bob"}', noData],
    ['data that is null', '{"data":null}', { data: { type: expect.anything() as object } }],
    ['data that is an array', '{"data":[]}', { data: { type: expect.anything() as object } }],
    ['data that is a text', '{"data":"x"}', { data: { type: expect.anything() as object } }],
    [
      'a prototype',
      '{"data":{"__proto__":{"isAdmin":true}}}',
      { data: { invalid: expect.anything() as object } },
    ],
    [
      'an escaped prototype',
      '{"data":{"a":{"\\u005f_proto__":1}}}',
      { a: { invalid: expect.anything() as object } },
    ],
    [
      'a NUL character',
      '{"data":{"a":{"b":"x\\u0000"}}}',
      { 'a.b': { invalid: expect.anything() as object } },
    ],
    ['a lone surrogate', '{"data":{"a":"\\ud800"}}', { a: { invalid: expect.anything() as object } }],
    ['a number beyond a double', '{"data":{"a":1e999}}', { a: { invalid: expect.anything() as object } }],
    ['nesting', `{"data":{"a":${'['.repeat(2000)}${']'.repeat(2000)}}}`, expect.anything()],
  ])('with %s are a validation error', async (_name, body, data) => {
    const { status, envelope } = await put(body);

    expect(status).toBe(400);
    expect(envelope).toMatchObject({ message: 'validation error', error: '400' });
    expect(envelope['data']).toEqual(data);
    expect(fixture.asked).toEqual([]);
  });

  it('that are not UTF-8 are a validation error', async () => {
    const { status, envelope } = await put(new Uint8Array(Buffer.from('{"data":{"a":"\xff"}}', 'latin1')));

    expect(status).toBe(400);
    expect(envelope['data']).toEqual(notJson);
  });

  it.each([
    ['text/plain'],
    ['application/xml'],
    ['multipart/form-data; boundary=x'],
    ['application/json; charset=utf-16'],
    ['application/json; charset=iso-8859-1'],
    ['nonsense'],
  ])('of type %s are 415', async (type) => {
    const { status, envelope } = await put('{"data":{}}', type);

    expect(status).toBe(415);
    expect(envelope).toMatchObject({ error: '415', message: 'unsupported_media_type' });
  });

  it.each([
    ['application/json'],
    ['Application/JSON; charset="UTF-8"'],
    ['application/vnd.api+json'],
    ['application/x-www-form-urlencoded'],
    ['text/json'],
  ])('of type %s are read as JSON', async (type) => {
    expect((await put('{"data":{}}', type)).status).toBe(201);
  });

  it('that are a form are 415', async () => {
    expect((await put('a=b', 'application/x-www-form-urlencoded')).status).toBe(415);
  });

  it('that are compressed are 415', async () => {
    const answer = await fixture.call('PUT', users, {
      token: 'admin',
      data: {},
      headers: { 'content-encoding': 'gzip' },
    });

    expect(answer.status).toBe(415);
  });

  it.each([['with a length'], ['in chunks']])(
    'too large are 413 and say how large they may be, sent %s',
    async (how) => {
      const body = JSON.stringify({ data: { a: 'x'.repeat(20_000) } });

      const response = await fetch(fixture.base + users, {
        method: 'PUT',
        headers: { 'x-auth-token': 'admin', 'content-type': 'application/json' },
        body: how === 'in chunks' ? new Blob([body]).stream() : body,
        ...({ duplex: 'half' } as object),
      });

      expect(response.status).toBe(413);
      expect(await response.json()).toMatchObject({
        error: '413',
        data: { file: { maxSize: { target: 10_000 } } },
      });
    },
  );

  it('of strangers are not read beyond what a login needs', async () => {
    await fixture.stop();
    fixture = await GatewayFixture.start();

    const { status } = await fixture.call('PUT', '/v2/user_auth', {
      data: { username: 'x'.repeat(100_000) },
    });

    expect(status).toBe(413);
  });

  it('are not read before the caller is known', async () => {
    expect((await fixture.call('PUT', users, { body: 'no JSON' })).status).toBe(401);
    expect((await fixture.call('PUT', users, { token: 'user', body: 'no JSON' })).status).toBe(403);
  });

  it('may be announced and absent in a GET', async () => {
    const { status } = await fixture.call('GET', user, {
      token: 'admin',
      headers: { 'content-type': 'application/json' },
    });

    expect(status).toBe(200);
  });

  it('that end too soon leave the server alive', async () => {
    const { port } = fixture.gateway.listener;
    await new Promise<void>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => {
        socket.write(
          `PUT ${users} HTTP/1.1\r\nHost: a\r\nX-Auth-Token: admin\r\nContent-Length: 100\r\n\r\n{"data"`,
          () => socket.destroy(),
        );
      });
      socket.on('close', () => resolve());
    });

    expect((await fixture.call('GET', user, { token: 'admin' })).status).toBe(200);
  });
});
