import { STRANGER } from '../testing/fake-directory';
import type { GatewayFixture } from '../testing/gateway-fixture';
import { bob, startWithBob, user } from '../testing/gateway-with-bob';

let fixture: GatewayFixture;

beforeEach(async () => {
  fixture = await startWithBob();
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

describe('traces', () => {
  it('pass through to the services', async () => {
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

    await fixture.call('GET', user, { token: 'admin', headers: { traceparent } });
    expect(fixture.lastAsked.context.traceparent).toBe(traceparent);

    await fixture.call('GET', user, { token: 'admin', headers: { traceparent: 'nonsense' } });
    expect(fixture.lastAsked.context.traceparent).toBeUndefined();
  });
});
