import type { GatewayFixture } from '../testing/gateway-fixture';
import { startWithBob, user, users } from '../testing/gateway-with-bob';

let fixture: GatewayFixture;

beforeEach(async () => {
  fixture = await startWithBob();
});

afterEach(() => fixture.stop());

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
