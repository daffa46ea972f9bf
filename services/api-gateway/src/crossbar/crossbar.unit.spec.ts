import { connect } from 'node:net';
import {
  changeDocument,
  createDocument,
  deleteDocument,
  getDocument,
  listDocuments,
  userAuth,
} from '@ringdown/contracts';
import { AppError, deferred, type ErrorCode } from '@ringdown/core';
import { CHILD, NOWHERE, PARENT, STRANGER, USER_ID } from '../testing/fake-directory';
import { GatewayFixture } from '../testing/gateway-fixture';

const users = `/v2/accounts/${PARENT}/users`;
const user = `${users}/${USER_ID}`;
const bob = { doc: { id: USER_ID, first_name: 'Bob' }, revision: 3 };

let fixture: GatewayFixture;

beforeEach(async () => {
  fixture = await GatewayFixture.start({ apiBodyMaxBytes: 10_000 });
  fixture.answer(getDocument, () => bob);
  fixture.answer(changeDocument, () => bob);
  fixture.answer(createDocument, () => bob);
  fixture.answer(deleteDocument, () => bob);
  fixture.answer(listDocuments, () => ({ docs: [bob.doc], page_size: 50 }));
});

afterEach(() => fixture.stop());

describe('the envelope', () => {
  it('surrounds a success', async () => {
    const { status, headers, envelope } = await fixture.call('GET', user, {
      token: 'admin',
      headers: { 'x-request-id': 'my-request' },
    });

    expect(status).toBe(200);
    expect(envelope).toEqual({
      data: bob.doc,
      status: 'success',
      request_id: 'my-request',
      auth_token: 'admin',
      revision: '3',
      node: expect.stringMatching(/^api-gateway-[0-9a-f]{8}$/) as string,
      version: expect.stringMatching(/^\d+\.\d+\.\d+$/) as string,
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/) as string,
    });
    expect(headers.get('x-request-id')).toBe('my-request');
    expect(headers.get('content-type')).toBe('application/json');
    expect(headers.get('etag')).toBe('"3"');
    expect(headers.get('x-powered-by')).toBeNull();
  });

  it('surrounds an error', async () => {
    const { envelope } = await fixture.call('GET', `/v2/accounts/${STRANGER}/users`, { token: 'admin' });

    expect(Object.keys(envelope).sort()).toEqual(
      [
        'auth_token',
        'data',
        'error',
        'message',
        'node',
        'request_id',
        'status',
        'timestamp',
        'version',
      ].sort(),
    );
    expect(envelope).toMatchObject({
      status: 'error',
      error: '403',
      message: 'forbidden',
      auth_token: 'admin',
    });
  });

  it.each([['two words'], ['x'.repeat(129)], ['ümlaut']])('does not echo the request id %p', async (id) => {
    const { headers } = await fixture.call('GET', '/v2/websockets', {
      headers: { 'x-request-id': Buffer.from(id, 'utf8').toString('latin1') },
    });

    expect(headers.get('x-request-id')).toMatch(/^[0-9a-f]{32}$/);
  });

  it('shows no token where none was accepted', async () => {
    const { envelope, text } = await fixture.call('GET', user, { token: 'guessed' });

    expect(envelope).not.toHaveProperty('auth_token');
    expect(text).not.toContain('guessed');
  });

  it('is indented on request', async () => {
    expect((await fixture.call('GET', '/v2/websockets?pretty_print=true')).text).toContain('\n  "data"');
    expect((await fixture.call('GET', '/v2/websockets')).text).not.toContain('\n');
  });

  it('is left out of the answer to HEAD, which has the headers of GET', async () => {
    const get = await fixture.call('GET', user, { token: 'admin' });
    const head = await fixture.call('HEAD', user, { token: 'admin' });

    expect(head.status).toBe(200);
    expect(head.text).toBe('');
    expect(head.headers.get('etag')).toBe('"3"');
    expect(head.headers.get('content-length')).toBe(get.headers.get('content-length'));
  });
});

describe('errors of the services', () => {
  it.each<[ErrorCode, number, string, unknown]>([
    ['validation_failed', 400, 'validation error', { username: { required: { message: 'missing' } } }],
    ['bad_request', 400, 'bad request', { message: 'text' }],
    ['unauthorized', 401, 'invalid_credentials', { message: 'invalid credentials' }],
    ['forbidden', 403, 'forbidden', { message: 'text' }],
    ['not_found', 404, 'bad identifier', [USER_ID]],
    ['conflict', 409, 'datastore_conflict', expect.objectContaining({ message: 'text' })],
    ['precondition_failed', 412, 'precondition_failed', expect.objectContaining({ message: 'text' })],
    ['too_large', 413, 'too_large', { file: { maxSize: { message: 'text' } } }],
    ['unsupported_media_type', 415, 'unsupported_media_type', { message: 'text' }],
    ['locked', 423, 'locked', { message: 'text' }],
    ['rate_limited', 429, 'too_many_requests', { message: 'text' }],
    ['internal', 500, 'unspecified_fault', {}],
    ['not_implemented', 501, 'not_implemented', { message: 'text' }],
    ['unavailable', 503, 'service_unavailable', { message: 'text' }],
    ['timeout', 504, 'timeout', { message: 'text' }],
  ])('%s is %i %s', async (code, status, message, data) => {
    const details = { username: { required: { message: 'missing' } } };
    fixture.fail(changeDocument, new AppError(code, 'text', { details }));

    const answer = await fixture.call('POST', user, { token: 'admin', data: {} });

    expect(answer.status).toBe(status);
    expect(answer.envelope).toMatchObject({ status: 'error', error: String(status), message });
    expect(answer.envelope['data']).toEqual(data);
  });

  it.each<[ErrorCode]>([['rate_limited'], ['unavailable']])('%s says when to come back', async (code) => {
    fixture.fail(getDocument, new AppError(code, 'text', { details: { retry_after_s: 6.2 } }));

    expect((await fixture.call('GET', user, { token: 'admin' })).headers.get('retry-after')).toBe('7');
  });

  it('gives up on a service that does not answer in time, and counts it', async () => {
    await fixture.stop();
    fixture = await GatewayFixture.start({ apiRequestTimeoutMs: 50 });
    const answered = deferred<typeof bob>();
    fixture.answer(getDocument, () => answered.promise);

    const { status, envelope } = await fixture.call('GET', user, { token: 'admin' });

    answered.resolve(bob);
    expect({ status, message: envelope['message'] }).toEqual({ status: 504, message: 'timeout' });
    expect((await fixture.call('GET', '/metrics')).text).toMatch(
      /ringdown_api_rpc_timeouts_total\{route="\/accounts\/:account_id\/users\/:id",service="api-gateway"\} 1/,
    );
  });

  it('does not tell what broke inside', async () => {
    fixture.fail(getDocument, new Error('password of the database is hunter2'));

    const { status, text } = await fixture.call('GET', user, { token: 'admin' });

    expect(status).toBe(500);
    expect(text).not.toContain('hunter2');
  });
});

describe('paths and methods', () => {
  it.each([
    ['/v2', 404, 'not_found'],
    ['/v2/nothing', 404, 'not_found'],
    [`/v2/accounts/${PARENT}/nothing`, 404, 'not_found'],
    [`/v2/accounts/${PARENT}/messages`, 404, 'not_found'],
    ['/elsewhere', 404, 'not_found'],
    ['/v1/websockets', 410, 'gone'],
    ['/v1', 410, 'gone'],
    [`/v2/accounts/${PARENT}/users/%E0%A4%A`, 400, 'bad request'],
    [`/v2/accounts/%`, 400, 'bad request'],
  ])('answers %s with %i %s', async (path, status, message) => {
    const answer = await fixture.call('GET', path, { token: 'admin' });

    expect(answer.status).toBe(status);
    expect(answer.envelope).toMatchObject({ status: 'error', error: String(status), message });
  });

  it.each([
    ['PUT', '/v2/websockets', 'GET, HEAD, OPTIONS'],
    ['POST', `/v2/accounts/${PARENT}/websockets`, 'GET, HEAD, OPTIONS'],
    ['PUT', `/v2/accounts/${PARENT}/websockets`, 'GET, HEAD, OPTIONS'],
    ['PATCH', `/v2/accounts/${PARENT}/websockets/${USER_ID}`, 'GET, HEAD, DELETE, OPTIONS'],
    ['GET', '/v2/user_auth', 'PUT, OPTIONS'],
    ['HEAD', '/v2/user_auth', 'PUT, OPTIONS'],
    ['DELETE', users, 'GET, HEAD, PUT, OPTIONS'],
    ['PUT', user, 'GET, HEAD, POST, PATCH, DELETE, OPTIONS'],
    ['PROPFIND', user, 'GET, HEAD, POST, PATCH, DELETE, OPTIONS'],
    ['GET', `/v2/accounts/${PARENT}/events`, 'POST, OPTIONS'],
  ])(
    'answers %s %s with 405 and the methods there are, even without a token',
    async (method, path, allow) => {
      const { status, headers, envelope } = await fixture.call(method, path);

      expect(status).toBe(405);
      expect(headers.get('allow')).toBe(allow);
      if (method !== 'HEAD') expect(envelope).toMatchObject({ error: '405', message: 'invalid_method' });
    },
  );

  it('ignores X-HTTP-Method-Override', async () => {
    await fixture.call('GET', user, { token: 'admin', headers: { 'x-http-method-override': 'DELETE' } });

    expect(fixture.lastAsked.operation).toBe('documents.get');
  });
});

describe('CORS', () => {
  it.each([[user], ['/v2/websockets'], ['/v2/nothing'], [`/v2/accounts/${STRANGER}/users`]])(
    'lets a browser ask before it asks, without a token: OPTIONS %s',
    async (path) => {
      const { status, headers, text } = await fixture.call('OPTIONS', path);

      expect({ status, text }).toEqual({ status: 204, text: '' });
      expect(headers.get('access-control-allow-origin')).toBe('*');
      expect(headers.get('access-control-allow-headers')).toContain('x-auth-token');
      expect(headers.get('access-control-allow-headers')).toContain('authorization');
      expect(headers.get('access-control-max-age')).toBe('86400');
    },
  );

  it('names the methods of the resource', async () => {
    const { headers } = await fixture.call('OPTIONS', users);

    expect(headers.get('access-control-allow-methods')).toBe('GET, HEAD, PUT, OPTIONS');
    expect(headers.get('allow')).toBe('GET, HEAD, PUT, OPTIONS');
  });

  it.each([
    ['a success', 'GET', '/v2/websockets'],
    ['401', 'GET', user],
    ['404', 'GET', '/v2/nothing'],
    ['405', 'PUT', '/v2/websockets'],
  ])('has its headers on %s', async (_name, method, path) => {
    const { headers } = await fixture.call(method, path);

    expect(headers.get('access-control-allow-origin')).toBe('*');
    expect(headers.get('access-control-expose-headers')).toContain('x-request-id');
  });
});

describe('tokens', () => {
  it.each<[string, Record<string, string>]>([
    ['X-Auth-Token', { 'x-auth-token': 'admin' }],
    ['Authorization with Bearer', { authorization: 'Bearer admin' }],
    ['Authorization with the bare token', { authorization: 'admin' }],
  ])('are accepted in %s', async (_name, headers) => {
    expect((await fixture.call('GET', user, { headers })).status).toBe(200);
  });

  it.each<[string, string, Record<string, string>]>([
    ['none', user, {}],
    ['an unknown one', user, { 'x-auth-token': 'guessed' }],
    ['a Basic authorization', user, { authorization: 'Basic YWRtaW46YWRtaW4=' }],
    ['one in the URL', `${user}?auth_token=admin`, {}],
  ])('%s is 401 with exactly the text of Kazoo', async (_name, path, headers) => {
    const { status, envelope } = await fixture.call('GET', path, { headers });

    expect(status).toBe(401);
    expect(envelope).toMatchObject({
      data: { message: 'invalid credentials' },
      error: '401',
      message: 'invalid_credentials',
      status: 'error',
    });
  });

  it('are not judged while access cannot be decided: 503, never allowed', async () => {
    fixture.directory.failure = new AppError('unavailable', 'authorization unavailable, try again');

    const { status, envelope, headers } = await fixture.call('GET', user, { token: 'admin' });

    expect(status).toBe(503);
    expect(envelope['data']).toEqual({ message: 'authorization unavailable, try again' });
    expect(headers.get('retry-after')).toBe('1');
    expect(fixture.asked).toEqual([]);
  });
});

describe('rights', () => {
  const list = (account: string): string => `/v2/accounts/${account}/users`;

  it.each([
    ['an administrator reads its own account', 'admin', 'GET', list(PARENT), 200],
    ['an administrator reads a descendant', 'admin', 'GET', list(CHILD), 200],
    ['an administrator writes in a descendant', 'admin', 'PUT', list(CHILD), 201],
    ['an API key administers its account', 'api-key', 'PUT', list(PARENT), 201],
    ['an administrator does not see a stranger', 'admin', 'GET', list(STRANGER), 403],
    ['an account that does not exist looks like a stranger', 'admin', 'GET', list(NOWHERE), 403],
    ['an id that can be none looks like a stranger', 'admin', 'GET', list('x'), 403],
    ['a child does not see its parent', 'child-admin', 'GET', list(PARENT), 403],
    ['the super admin sees everybody', 'root', 'GET', list(STRANGER), 200],
    ['the super admin is told that an account does not exist', 'root', 'GET', list(NOWHERE), 404],
    ['a plain user reads its own account', 'user', 'GET', list(PARENT), 200],
    ['a plain user reads one document', 'user', 'GET', user, 200],
    ['a plain user does not read a descendant', 'user', 'GET', list(CHILD), 403],
    ['a plain user creates nothing', 'user', 'PUT', list(PARENT), 403],
    ['a plain user deletes nothing, not even itself', 'user', 'DELETE', user, 403],
    ['a plain user changes itself', 'user', 'PATCH', user, 200],
    ['a plain user changes no other user', 'user', 'PATCH', `${users}/${'9'.repeat(32)}`, 403],
    [
      'a plain user changes no device that has its id',
      'user',
      'PATCH',
      `/v2/accounts/${PARENT}/devices/${USER_ID}`,
      403,
    ],
    ['a plain user does not change the account', 'user', 'PATCH', `/v2/accounts/${PARENT}`, 403],
    ['a plain user sees no API keys', 'user', 'GET', `/v2/accounts/${PARENT}/api_keys`, 403],
    ['a plain user sees no descendants', 'user', 'GET', `/v2/accounts/${PARENT}/descendants`, 403],
    ['a plain user publishes no events', 'user', 'POST', `/v2/accounts/${PARENT}/events`, 403],
    ['a plain user closes no sockets', 'user', 'DELETE', `/v2/accounts/${PARENT}/websockets/${USER_ID}`, 403],
  ])('%s', async (_name, token, method, path, status) => {
    const data = ['PUT', 'POST', 'PATCH'].includes(method) ? { data: { first_name: 'Bob' } } : {};

    const answer = await fixture.call(method, path, { token, ...data });

    expect(answer.status).toBe(status);
    if (status === 403) {
      expect(answer.envelope).toMatchObject({ message: 'forbidden', data: { message: 'forbidden' } });
      expect(fixture.asked).toEqual([]);
    }
    if (status === 404) expect(answer.envelope).toMatchObject({ message: 'bad identifier', data: [NOWHERE] });
  });

  it('a missing account is named, not the document that was asked for in it', async () => {
    const { envelope } = await fixture.call('GET', `${list(NOWHERE)}/${USER_ID}`, { token: 'root' });

    expect(envelope).toMatchObject({ error: '404', message: 'bad identifier', data: [NOWHERE] });
  });

  it.each([
    ['POST', { priv_level: 'admin' }, 403],
    ['PATCH', { priv_level: 'admin' }, 403],
    ['PATCH', { priv_level: null }, 403],
    ['PATCH', { enabled: false }, 403],
    ['POST', { priv_level: 'user', enabled: true, first_name: 'Bob' }, 200],
  ])('a plain user that does %s of itself with %j gets %i', async (method, data, status) => {
    const answer = await fixture.call(method, user, { token: 'user', data });

    expect(answer.status).toBe(status);
    expect(fixture.asked).toHaveLength(status === 403 ? 0 : 1);
  });
});

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

describe('conditions', () => {
  it.each([
    ['"3"', 3],
    ['3', 3],
    ['*', undefined],
  ])('If-Match: %s asks for revision %p', async (header, revision) => {
    for (const method of ['POST', 'PATCH', 'DELETE']) {
      const data = method === 'DELETE' ? {} : { data: {} };
      await fixture.call(method, user, { token: 'admin', ...data, headers: { 'if-match': header } });

      expect(fixture.lastAsked.payload['if_match']).toBe(revision);
    }
  });

  it.each([['abc'], ['"'], ['W/"3"'], ['"3", "4"'], ['-1'], ['3.5'], ['']])(
    'If-Match: %s is malformed',
    async (header) => {
      const { status, envelope } = await fixture.call('PATCH', user, {
        token: 'admin',
        data: {},
        headers: { 'if-match': header },
      });

      expect(status).toBe(400);
      expect(envelope['data']).toHaveProperty('If-Match');
    },
  );

  it.each([['0'], ['99999999999999999999']])('If-Match: %s is a revision no document has', async (header) => {
    const answer = await fixture.call('PATCH', user, {
      token: 'admin',
      data: {},
      headers: { 'if-match': header },
    });

    expect(answer.status).toBe(412);
  });

  it.each([
    ['"3"', 304],
    ['W/"3"', 304],
    ['"2", "3"', 304],
    ['*', 304],
    ['"2"', 200],
  ])('If-None-Match: %s is %i', async (header, status) => {
    const answer = await fixture.call('GET', user, { token: 'admin', headers: { 'if-none-match': header } });

    expect(answer.status).toBe(status);
    expect(answer.headers.get('etag')).toBe('"3"');
  });

  it('hands on the Idempotency-Key of PUT and POST', async () => {
    for (const [method, path] of [
      ['PUT', users],
      ['POST', user],
    ] as const) {
      await fixture.call(method, path, { token: 'admin', data: {}, headers: { 'idempotency-key': 'once' } });

      expect(fixture.lastAsked.payload['idempotency_key']).toBe('once');
    }
  });

  it.each([['x'.repeat(256)], ['']])('refuses the Idempotency-Key %p', async (key) => {
    const answer = await fixture.call('PUT', users, {
      token: 'admin',
      data: {},
      headers: { 'idempotency-key': key },
    });

    expect(answer.status).toBe(400);
    expect(answer.envelope['data']).toHaveProperty('Idempotency-Key');
  });
});

describe('the rate limit', () => {
  it('answers 429 and when to come back, per account', async () => {
    await fixture.stop();
    fixture = await GatewayFixture.start({ apiRateCapacity: 3, apiRatePerSecond: 1 }, { clock: () => 0 });
    fixture.answer(getDocument, () => bob);
    for (let i = 0; i < 3; i += 1) {
      expect((await fixture.call('GET', user, { token: 'admin' })).status).toBe(200);
    }

    const refused = await fixture.call('GET', user, { token: 'admin' });

    expect(refused.status).toBe(429);
    expect(refused.envelope).toMatchObject({ error: '429', message: 'too_many_requests' });
    expect(refused.headers.get('retry-after')).toBe('1');
    expect((await fixture.call('GET', user, { token: 'root' })).status).toBe(200);
  });

  it('makes a login dearer than a request, and guessing tokens cost the guesser only', async () => {
    await fixture.stop();
    fixture = await GatewayFixture.start({ apiRateCapacity: 7, apiRatePerSecond: 1 }, { clock: () => 0 });
    fixture.answer(getDocument, () => bob);
    fixture.fail(userAuth, new AppError('unauthorized', 'no'));
    const login = { data: { username: 'a', password: 'b', account_name: 'c' } };

    expect((await fixture.call('PUT', '/v2/user_auth', login)).status).toBe(401);
    expect((await fixture.call('PUT', '/v2/user_auth', login)).status).toBe(429);
    expect((await fixture.call('GET', user, { token: 'guess' })).status).toBe(401);
    expect((await fixture.call('GET', user, { token: 'guess' })).status).toBe(401);
    expect((await fixture.call('GET', user, { token: 'guess' })).status).toBe(429);
    expect((await fixture.call('GET', user, { token: 'admin' })).status).toBe(200);
  });

  it('takes the address from X-Forwarded-For of a trusted proxy only', async () => {
    const from = {
      data: { username: 'a', password: 'b', account_name: 'c' },
      headers: { 'x-forwarded-for': '203.0.113.7' },
    };
    await fixture.call('PUT', '/v2/user_auth', from);
    expect(fixture.lastAsked.payload['client_ip']).toBe('127.0.0.1');
    await fixture.stop();
    fixture = await GatewayFixture.start({ trustProxy: ['127.0.0.0/8'] });

    await fixture.call('PUT', '/v2/user_auth', from);

    expect(fixture.lastAsked.payload['client_ip']).toBe('203.0.113.7');
  });
});

describe('traces', () => {
  it('pass through to the services', async () => {
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

    await fixture.call('GET', user, { token: 'admin', headers: { traceparent } });
    expect(fixture.lastAsked.context.traceparent).toBe(traceparent);

    await fixture.call('GET', user, { token: 'admin', headers: { traceparent: 'nonsense' } });
    expect(fixture.lastAsked.context.traceparent).toBeUndefined();
  });
});
