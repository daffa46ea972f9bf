import { changeDocument, getDocument } from '@ringdown/contracts';
import { AppError, deferred, type ErrorCode } from '@ringdown/core';
import { USER_ID } from '../testing/fake-directory';
import { GatewayFixture } from '../testing/gateway-fixture';
import { bob, startWithBob, user } from '../testing/gateway-with-bob';

let fixture: GatewayFixture;

beforeEach(async () => {
  fixture = await startWithBob();
});

afterEach(() => fixture.stop());

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
      /ringdown_api_timeouts_total\{dialect="crossbar",route="\/accounts\/:account_id\/users\/:id"\} 1/,
    );
  });

  it('does not tell what broke inside', async () => {
    fixture.fail(getDocument, new Error('password of the database is hunter2'));

    const { status, text } = await fixture.call('GET', user, { token: 'admin' });

    expect(status).toBe(500);
    expect(text).not.toContain('hunter2');
  });
});
