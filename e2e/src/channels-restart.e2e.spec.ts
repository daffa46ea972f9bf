import {
  ForeignAmqp,
  TestSystem,
  createTestDatabase,
  createVhost,
  describeWithServers,
  waitUntil,
  type ApiClient,
} from '@ringdown/testing';
import { publishCallEvent, type CallPublisher } from './call-history';

const LIVE = 1_000;
const ENDED = 200;

type Listed = Readonly<Record<string, unknown>>;

/** The account's channels as REST lists them, by id, without what depends on the moment of asking. */
async function channelsOf(api: ApiClient): Promise<Map<string, Listed>> {
  const { status, data } = await api.get(`/v2/accounts/${api.accountId}/channels`);
  expect(status).toBe(200);
  const list = data as unknown as readonly Listed[];
  return new Map(list.map(({ elapsed_s: _, ...channel }) => [String(channel['uuid']), channel]));
}

describeWithServers('the registry of live calls', (servers) => {
  it('is complete and right after kill -9, and its replicas agree', async () => {
    const vhost = await createVhost(servers);
    const database = await createTestDatabase(servers.databaseUrl);
    const system = await TestSystem.start({ amqpUrl: vhost.url, databaseUrl: database.url, channels: 1 });
    const admin = await system.admin();
    const publisher: CallPublisher = {
      amqp: await ForeignAmqp.connect(vhost.url),
      accountId: admin.accountId!,
      switchId: 'e2e-switch',
    };
    await Promise.all(Array.from({ length: LIVE + ENDED }, (_, n) => history(publisher, n)));
    await waitUntil(async () => (await channelsOf(admin)).size === LIVE, { timeoutMs: 30_000 });
    const before = await channelsOf(admin);
    expect(before.get('call-0@e2e')).toMatchObject({
      answered: true,
      is_onhold: true,
      other_leg: 'call-1@e2e',
    });
    expect(before.get('call-3@e2e')).toMatchObject({ answered: true, is_onhold: false });
    expect(before.get('call-4@e2e')).toMatchObject({ answered: false });

    await system.channels[0]!.process.kill9();
    // Nobody answers, or nobody can be asked: never a list that is not one.
    expect([503, 504]).toContain((await admin.get(`/v2/accounts/${admin.accountId}/channels`)).status);
    await system.startChannels();

    expect(await channelsOf(admin)).toEqual(before);

    // A second replica, then only that one, then events both must agree upon.
    await system.startChannels();
    await Promise.all(
      Array.from({ length: 100 }, (_, n) => publishCallEvent(publisher, 'CHANNEL_DESTROY', `call-${n}@e2e`)),
    );
    await waitUntil(async () => (await channelsOf(admin)).size === LIVE - 100, { timeoutMs: 30_000 });
    const together = await channelsOf(admin);
    await system.channels[1]!.process.kill9();
    expect(await channelsOf(admin)).toEqual(together);
  }, 180_000);
});

/** Every tenth: bridged and held; some answered; those above the live ones ended. */
async function history(publisher: CallPublisher, n: number): Promise<void> {
  const id = `call-${n}@e2e`;
  await publishCallEvent(publisher, 'CHANNEL_CREATE', id, { caller_id_number: `100${n}` });
  if (n % 2 === 0 && n % 10 !== 4) await publishCallEvent(publisher, 'CHANNEL_ANSWER', id);
  if (n % 10 === 0) {
    const other = `call-${n + 1}@e2e`;
    await publishCallEvent(publisher, 'CHANNEL_BRIDGE', id, { other_leg_call_id: other });
    await publishCallEvent(publisher, 'CHANNEL_HOLD', id);
  }
  if (n % 10 === 3) {
    await publishCallEvent(publisher, 'CHANNEL_ANSWER', id);
    await publishCallEvent(publisher, 'CHANNEL_HOLD', id);
    await publishCallEvent(publisher, 'CHANNEL_UNHOLD', id);
  }
  if (n >= LIVE) await publishCallEvent(publisher, 'CHANNEL_DESTROY', id);
}
