import { bindingCatalogue, type SocketInfo } from '@ringdown/contracts';
import { CHILD, PARENT, ROOT } from '../testing/fake-directory';
import { GatewayFixture, type Answered } from '../testing/gateway-fixture';

const account = `/v2/accounts/${PARENT}`;

let fixture: GatewayFixture;

beforeEach(async () => {
  fixture = await GatewayFixture.start();
});

afterEach(() => fixture.stop());

describe('websockets', () => {
  const socketOf = (fields: Partial<SocketInfo>): SocketInfo => ({
    websocket_session_id: `aaaaaaaa${'0'.repeat(24)}`,
    bindings: ['object.*.user'],
    timestamp: 63_890_000_000,
    destination: 'blackhole-aaaaaaaa',
    source: '203.0.113.7',
    account_id: PARENT,
    ...fields,
  });
  const first = socketOf({});
  const second = socketOf({
    websocket_session_id: `bbbbbbbb${'0'.repeat(24)}`,
    timestamp: 63_890_000_001,
    name: 'wallboard',
    metadata: { floor: 2 },
  });
  const foreign = socketOf({ websocket_session_id: `bbbbbbbb${'1'.repeat(24)}`, account_id: ROOT });
  const list = `${account}/websockets`;
  const withoutAccount = ({ account_id: _, ...shown }: SocketInfo): object => shown;

  /** Instances hear of each other in their own time. */
  async function untilListed(
    holds: (envelope: Answered['envelope']) => boolean,
  ): Promise<Answered['envelope']> {
    for (;;) {
      const { envelope } = await fixture.call('GET', list, { token: 'admin' });
      if (holds(envelope)) return envelope;
    }
  }

  beforeEach(async () => {
    await fixture.addBlackhole('aaaaaaaa', [first]);
    await fixture.addBlackhole('bbbbbbbb', [second, foreign]);
    await untilListed(({ data }) => (data as unknown[]).length === 2);
    fixture.asked.length = 0;
  });

  it('the catalogue needs no login and lists the four families of the documentation', async () => {
    const { status, envelope } = await fixture.call('GET', '/v2/websockets');

    expect(status).toBe(200);
    expect(envelope['data']).toEqual(bindingCatalogue());
    expect(Object.keys(envelope['data'] as object)).toEqual(['call', 'conference', 'fax', 'object']);
    expect(Object.keys(envelope).sort()).toEqual([
      'data',
      'node',
      'request_id',
      'status',
      'timestamp',
      'version',
    ]);
  });

  it('the catalogue shows the rest on request', async () => {
    const all = await fixture.call('GET', '/v2/websockets?families=all');

    expect(all.envelope['data']).toEqual(bindingCatalogue({ families: 'all' }));
    expect((await fixture.call('GET', '/v2/websockets?families=some')).status).toBe(400);
  });

  it('are gathered from all instances, oldest first, without account and token', async () => {
    const { envelope } = await fixture.call('GET', list, { token: 'admin' });

    expect(envelope['data']).toEqual([withoutAccount(first), withoutAccount(second)]);
    expect(envelope).not.toHaveProperty('missing');
  });

  it('are those of the account and of the caller', async () => {
    await fixture.call('GET', `/v2/accounts/${CHILD}/websockets`, { token: 'admin' });

    expect(fixture.lastAsked.payload).toEqual({ account_ids: [CHILD, PARENT] });
  });

  it('are ids in the older form', async () => {
    const { envelope } = await fixture.call('GET', `${list}?format=ids`, { token: 'admin' });

    expect(envelope['data']).toEqual([first.websocket_session_id, second.websocket_session_id]);
    expect((await fixture.call('GET', `${list}?format=xml`, { token: 'admin' })).status).toBe(400);
  });

  it('are listed without those of an instance that fails, which is named', async () => {
    const broken = await fixture.addBlackhole('cccccccc', [
      null as unknown as SocketInfo, // makes its handler throw
    ]);

    const envelope = await untilListed(({ missing }) => missing !== undefined);

    expect(envelope['missing']).toEqual([broken.instance]);
    expect(envelope['data']).toHaveLength(2);
  });

  it('are read one by one', async () => {
    const one = await fixture.call('GET', `${list}/${second.websocket_session_id}`, { token: 'admin' });
    const older = await fixture.call('GET', `${list}/${second.websocket_session_id}?format=list`, {
      token: 'admin',
    });

    expect(one.envelope['data']).toEqual(withoutAccount(second));
    expect(older.envelope['data']).toEqual([
      {
        account_id: PARENT,
        auth_token: 'redacted',
        bindings: ['object.*.user'],
        websocket_session_id: second.websocket_session_id,
      },
    ]);
  });

  it('are closed by DELETE, on the instance that holds them', async () => {
    const { status, envelope } = await fixture.call('DELETE', `${list}/${second.websocket_session_id}`, {
      token: 'admin',
    });

    expect(status).toBe(200);
    expect(envelope['data']).toEqual(withoutAccount(second));
    expect(fixture.asked).toEqual([
      expect.objectContaining({
        operation: 'sockets.close',
        payload: { account_ids: [PARENT], socket_id: second.websocket_session_id },
      }),
    ]);
  });

  it.each([
    ['of nobody', `bbbbbbbb${'9'.repeat(24)}`],
    ['of a stranger', foreign.websocket_session_id],
    ['of an instance that is gone', `99999999${'0'.repeat(24)}`],
    ['that is none', 'x'],
  ])('%s is a bad identifier', async (_name, id) => {
    for (const method of ['GET', 'DELETE']) {
      const { status, envelope } = await fixture.call(method, `${list}/${id}`, { token: 'admin' });

      expect(status).toBe(404);
      expect(envelope).toMatchObject({ data: [id], error: '404', message: 'bad identifier' });
    }
  });

  it('are not read by strangers', async () => {
    expect((await fixture.call('GET', list)).status).toBe(401);
    expect((await fixture.call('GET', list, { token: 'child-admin' })).status).toBe(403);
  });
});
