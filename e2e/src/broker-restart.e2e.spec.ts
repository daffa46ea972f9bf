import {
  ForeignAmqp,
  TestSystem,
  createTestDatabase,
  createVhost,
  describeWithOwnServers,
  describeWithPostgres,
  startOwnRabbitMq,
  waitUntil,
  type BreakableServer,
  type RunningService,
  type WsClient,
} from '@ringdown/testing';
import { makeMember } from './family-tree';

/** Waits until readiness answers with the status; a failure shows the checks and what the process logged last. */
async function untilReadiness(service: RunningService, status: number): Promise<void> {
  let last = 'nothing';
  await waitUntil(
    async () => {
      const response = await fetch(`${service.url}/readyz`, { signal: AbortSignal.timeout(5_000) });
      last = await response.text();
      return response.status === status;
    },
    {
      timeoutMs: 30_000,
      what: () =>
        `${status} of ${service.name}, which said ${last} and\n${service.process.output.slice(-3_000)}`,
    },
  );
}

const gapsOf = (socket: WsClient) => socket.frames.filter((frame) => frame['action'] === 'gap');

// A broker of its own, because it is stopped under everybody's feet.
describeWithOwnServers('a RabbitMQ that goes away under load', () =>
  describeWithPostgres('with a database', (databaseUrl) => {
    let broker: BreakableServer;
    beforeAll(async () => {
      broker = await startOwnRabbitMq();
    }, 120_000);

    const ownVhost = () => createVhost({ amqpUrl: broker.url, managementUrl: broker.managementUrl! });

    it('comes back to complete bindings, announced writes, told gaps and true readiness', async () => {
      const database = await createTestDatabase(databaseUrl);
      const vhost = await ownVhost();
      const system = await TestSystem.start({
        amqpUrl: vhost.url,
        databaseUrl: database.url,
        blackholes: 2,
      });
      const admin = await system.admin();
      const member = await makeMember(admin, admin.accountId, 'member');
      const sockets = await Promise.all(
        system.blackholes.map((gateway) => system.connect(member.token, gateway)),
      );
      for (const socket of sockets)
        await socket.subscribe(['object.*.device', 'call.CHANNEL_CREATE.*', 'call.*.c1']);
      const quiet = await system.connect(member.token);
      await quiet.requestOk('ping');
      const services = [...system.blackholes, ...system.apiGateways, ...system.objectProducers];

      // A load of writes that goes on from before the outage until after it. A write that was not answered 201 counts
      // as unknown: it may or may not have happened, and its key makes a retry safe.
      const acknowledged = new Map<string, string>();
      let stop = false;
      const writer = (async () => {
        for (let i = 0; !stop; i += 1) {
          const name = `device-${i}`;
          for (;;) {
            const answer = await member.api
              .put(
                `/v2/accounts/${member.accountId}/devices`,
                { name },
                { headers: { 'idempotency-key': name } },
              )
              .catch(() => undefined);
            if (answer?.status === 201) {
              acknowledged.set(String(answer.data['id']), name);
              break;
            }
            if (answer) expect([503, 504]).toContain(answer.status);
            if (stop) return;
          }
        }
      })();
      await waitUntil(() => acknowledged.size > 20);

      await broker.shutdown();
      for (const service of services) {
        await untilReadiness(service, 503);
        expect((await fetch(`${service.url}/healthz`)).status).toBe(200);
      }
      await broker.start();
      for (const service of services) {
        await untilReadiness(service, 200);
      }
      const atReturn = acknowledged.size;
      await waitUntil(() => acknowledged.size > atReturn + 20, { timeoutMs: 30_000 });
      stop = true;
      await writer;

      for (const socket of sockets) {
        expect(gapsOf(socket).length).toBeGreaterThanOrEqual(1);
        expect(gapsOf(socket)[0]).toMatchObject({ action: 'gap', reason: expect.any(String) });
      }
      expect(gapsOf(quiet)).toEqual([]);
      expect(services.every(({ process }) => process.running)).toBe(true);

      // What may be missing lies inside the gap. The write under way when everybody was back may have been made, and
      // announced, before; every later one is heard on every socket.
      const later = [...acknowledged.keys()].slice(atReturn + 1);
      for (const socket of sockets) {
        await waitUntil(() => later.every((id) => socket.events.some(({ data }) => data['id'] === id)), {
          what: 'the events of all writes after the outage',
        });
      }
      const foreign = await ForeignAmqp.connect(vhost.url);
      await foreign.publish('call', 'call.CHANNEL_CREATE.c1', { account_id: member.accountId });
      for (const socket of sockets) {
        await waitUntil(() => socket.events.filter(({ data }) => data['call_id'] === 'c1').length === 2);
      }
      await waitUntil(async () => {
        const [row] = await database.query<{ depth: number }>(
          'SELECT count(*)::int AS depth FROM ringdown.outbox',
        );
        return row?.depth === 0;
      });
    }, 180_000);

    it('loses no event of a write made while it was away', async () => {
      const database = await createTestDatabase(databaseUrl);
      const vhost = await ownVhost();
      const system = await TestSystem.start({ amqpUrl: vhost.url, databaseUrl: database.url });
      const admin = await system.admin();
      const foreign = await ForeignAmqp.connect(vhost.url);
      // A durable queue, as a consumer has that must not miss anything.
      await foreign.channel.assertQueue('audit', { durable: true });
      await foreign.channel.bindQueue('audit', 'object', 'object.*.device');

      const answers: Promise<string | undefined>[] = [];
      let stop = false;
      const writer = (async () => {
        for (let i = 0; !stop; i += 1) {
          const answer = await admin
            .put(`/v2/accounts/${admin.accountId}/devices`, { name: `d${i}` })
            .catch(() => undefined);
          answers.push(Promise.resolve(answer?.status === 201 ? String(answer.data['id']) : undefined));
        }
      })();
      await waitUntil(() => answers.length > 20);
      await broker.kill9();
      await untilReadiness(system.apiGateways[0]!, 503);
      await broker.start();
      await untilReadiness(system.objectProducers[0]!, 200);
      await untilReadiness(system.apiGateways[0]!, 200);
      const before = answers.length;
      await waitUntil(() => answers.length > before + 20, { timeoutMs: 30_000 });
      stop = true;
      await writer;

      const committed = await database.query<{ id: string }>(
        "SELECT id FROM ringdown.documents WHERE type = 'device'",
      );
      expect(committed.length).toBeGreaterThan(40);
      const again = await ForeignAmqp.connect(vhost.url);
      const heard = new Set<string>();
      await again.channel.consume('audit', (message) => {
        if (!message) return;
        heard.add(String((JSON.parse(message.content.toString()) as { id: unknown }).id));
        again.channel.ack(message);
      });
      await waitUntil(() => committed.every(({ id }) => heard.has(id)), { timeoutMs: 30_000 });
    }, 180_000);
  }),
);
