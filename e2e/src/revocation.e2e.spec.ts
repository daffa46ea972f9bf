import {
  ForeignAmqp,
  TestSystem,
  createVhost,
  describeWithRabbitMq,
  waitUntil,
  type CloseStatus,
  type WsClient,
} from '@ringdown/testing';
import { expectStatus, makeMember, type Member } from './family-tree';

describeWithRabbitMq('a principal that lost its rights', (broker) => {
  async function given() {
    const vhost = await createVhost(broker);
    const system = await TestSystem.start({ amqpUrl: vhost.url, blackholes: 2, apiGateways: 2 });
    const admin = await system.admin();
    return { system, admin, foreign: await ForeignAmqp.connect(vhost.url) };
  }

  let world: Awaited<ReturnType<typeof given>>;
  beforeAll(async () => {
    world = await given();
  }, 120_000);

  async function memberWithSockets(): Promise<{ member: Member; sockets: WsClient[] }> {
    const { system, admin } = world;
    const member = await makeMember(admin, admin.accountId, 'member');
    const sockets = await Promise.all(
      system.blackholes.map((gateway) => system.connect(member.token, gateway)),
    );
    for (const socket of sockets) await socket.subscribe('call.*.*');
    return { member, sockets };
  }

  /** Every socket is closed with the code, nothing reaches it afterwards, and both gateways refuse the token. */
  async function expectCutOff(member: Member, sockets: readonly WsClient[], code = 4003): Promise<void> {
    const { system, foreign } = world;
    for (const socket of sockets) expect((await socket.closed).code).toBe(code);
    const heard = sockets.map(({ events }) => events.length);
    await foreign.publish('call', 'call.CHANNEL_CREATE.late', { account_id: member.accountId });
    for (const gateway of system.apiGateways) {
      const answer = await world.admin
        .with(member.token)
        .get(`${gateway.url}/v2/accounts/${member.accountId}`);
      expect(answer.status).toBe(401);
    }
    for (const gateway of system.blackholes) {
      const again = await system.connect(member.token, gateway);
      const reply = await again.request('subscribe', { binding: 'call.*.*' });
      expect(reply.data.errors?.[0]).toMatch(/^failed to authenticate token/);
      await again.close();
    }
    expect(sockets.map(({ events }) => events.length)).toEqual(heard);
  }

  it.each<[string, (member: Member) => Promise<unknown>]>([
    ['revoked its token', (member) => expectStatus(200, member.api.delete('/v2/token_auth'))],
    [
      'was disabled',
      (member) =>
        expectStatus(
          200,
          world.admin.patch(`/v2/accounts/${member.accountId}/users/${member.userId}`, { enabled: false }),
        ),
    ],
    [
      'was deleted',
      (member) =>
        expectStatus(200, world.admin.delete(`/v2/accounts/${member.accountId}/users/${member.userId}`)),
    ],
    [
      'got another password',
      (member) =>
        expectStatus(
          200,
          world.admin.patch(`/v2/accounts/${member.accountId}/users/${member.userId}`, {
            password: 'another one 1!',
          }),
        ),
    ],
    [
      'belongs to a disabled account',
      (member) =>
        expectStatus(200, world.admin.patch(`/v2/accounts/${member.accountId}`, { enabled: false })),
    ],
    [
      'belongs to a deleted account',
      (member) => expectStatus(200, world.admin.delete(`/v2/accounts/${member.accountId}`)),
    ],
  ])('because it %s gets nothing more, on any instance', async (_, lose) => {
    const { member, sockets } = await memberWithSockets();

    await lose(member);

    await expectCutOff(member, sockets);
  });

  it('because its API key was deleted gets nothing more', async () => {
    const { system, admin } = world;
    const member = await makeMember(admin, admin.accountId, 'keyed');
    const made = await expectStatus(
      201,
      member.api.put(`/v2/accounts/${member.accountId}/api_keys`, { name: 'k' }),
    );
    const keyed = await admin.with(undefined).loginWithKey(String(made.data['api_key']));
    const sockets = await Promise.all(
      system.blackholes.map((gateway) => system.connect(keyed.token, gateway)),
    );
    for (const socket of sockets) await socket.subscribe('call.*.*');

    await expectStatus(
      200,
      member.api.delete(`/v2/accounts/${member.accountId}/api_keys/${String(made.data['id'])}`),
    );

    await expectCutOff({ ...member, token: keyed.token! }, sockets);
  });

  it('stays cut off after every service was killed and started again', async () => {
    const { system, admin } = world;
    const { member, sockets } = await memberWithSockets();
    await expectStatus(200, member.api.delete('/v2/token_auth'));
    await expectCutOff(member, sockets);

    const old = [...system.objectProducers, ...system.apiGateways, ...system.blackholes];
    await Promise.all(old.map(({ process }) => process.kill9()));
    const [, gateway, blackhole] = await Promise.all([
      system.startObjectProducer(),
      system.startApiGateway(),
      system.startBlackhole(),
    ]);

    const refused = await system.connect(member.token, blackhole);
    expect((await refused.request('ping')).data.errors?.[0]).toMatch(/^failed to authenticate token/);
    expect((await admin.with(member.token).get(`${gateway.url}/v2/token_auth`)).status).toBe(401);
    // Others were not cut off with it.
    const accepted = await system.connect(admin.token, blackhole);
    await accepted.requestOk('ping');
    expect((await admin.get(`${gateway.url}/v2/token_auth`)).status).toBe(200);
  }, 60_000);
});

describeWithRabbitMq('a token that expires', (broker) => {
  it('ends delivery and REST, unless a fresh one came in any message', async () => {
    const vhost = await createVhost(broker);
    const system = await TestSystem.start({
      amqpUrl: vhost.url,
      env: { RINGDOWN_AUTH_TOKEN_TTL_S: 8, RINGDOWN_AUTH_ATTEMPTS_PER_MINUTE: 1_000 },
    });
    const foreign = await ForeignAmqp.connect(vhost.url);
    const first = await system.admin();
    const [expiring, renewed] = [await system.connect(first.token), await system.connect(first.token)];
    await expiring.subscribe('call.*.*');
    await renewed.subscribe('call.*.*');

    let ended: CloseStatus | undefined;
    void expiring.closed.then((status) => (ended = status));
    await waitUntil(
      async () => {
        renewed.token = (await system.admin()).token;
        await renewed.requestOk('ping');
        return ended;
      },
      { intervalMs: 500, timeoutMs: 30_000 },
    );

    expect(ended).toMatchObject({ code: 4001 });
    expect((await first.get(`/v2/accounts/${first.accountId}`)).status).toBe(401);
    await foreign.publish('call', 'call.CHANNEL_CREATE.a1', { account_id: first.accountId });
    expect(await renewed.nextEvent()).toMatchObject({ data: { call_id: 'a1' } });
    expect(expiring.events).toEqual([]);
  }, 120_000);
});
