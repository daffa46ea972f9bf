import { getDocument, listDocuments } from '@ringdown/contracts';
import { CALL_ID, channelOf, DEVICE_ID, serveChannels } from '../testing/fake-calls';
import { PARENT, USER_ID } from '../testing/fake-directory';
import { GatewayFixture } from '../testing/gateway-fixture';

/** The requests of Kazoo's documentation of channels, as its curl samples send them. */
describe('the samples of the documentation', () => {
  let fixture: GatewayFixture;
  const account = `/v2/accounts/${PARENT}`;

  beforeAll(async () => {
    fixture = await GatewayFixture.start({ channelsSystemWideList: true });
    await serveChannels(fixture, [channelOf()]);
    fixture.answer(getDocument, ({ id }) => ({ doc: { id }, revision: 1 }));
    fixture.answer(listDocuments, () => ({ docs: [], page_size: 1000 }));
  });

  afterAll(() => fixture.stop());

  it.each<[string, string, string, string | undefined, number]>([
    ['system wide', 'GET', '/v2/channels', undefined, 200],
    ['of an account', 'GET', `${account}/channels`, undefined, 200],
    ['of a user', 'GET', `${account}/users/${USER_ID}/channels`, undefined, 200],
    ['of a device', 'GET', `${account}/devices/${DEVICE_ID}/channels`, undefined, 200],
    ['one channel', 'GET', `${account}/channels/${CALL_ID}`, undefined, 200],
    [
      'an application',
      'POST',
      `${account}/channels/${CALL_ID}`,
      '{"data": {"action": "transfer", "target": "2600", "takeback_dtmf": "*1", "moh": "media_id" }}',
      202,
    ],
    [
      'a feature',
      'PUT',
      `${account}/channels/${CALL_ID}`,
      '{"action":"metaflow", "data": {"data": { "module": "hangup" }}}',
      202,
    ],
  ])('%s: %s %s', async (_name, method, path, body, expected) => {
    const { status, envelope } = await fixture.call(method, path, {
      token: 'root',
      headers: { 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body }),
    });

    expect(status).toBe(expected);
    expect(envelope).toMatchObject({ auth_token: 'root', status: 'success' });
    const found = Array.isArray(envelope['data']) ? (envelope['data'] as unknown[])[0] : envelope['data'];
    expect(found).toMatchObject(
      body === undefined ? { owner_id: USER_ID } : { status: 'confirmed', ignored: [] },
    );
  });
});
