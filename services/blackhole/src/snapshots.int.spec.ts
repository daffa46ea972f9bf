import { silentLogger } from '@ringdown/core';
import { createAmqpBroker } from '@ringdown/broker';
import { createVhost, describeWithRabbitMq, onTeardown } from '@ringdown/testing';
import { FakeRegistry } from './testing/fake-registry';
import { CountingClient, NumberedCalls, seeded, turns } from './testing/snapshot-load';
import { CUSTOMER, startBlackhole, type TestBlackhole } from './testing/start-blackhole';

const CLIENTS = 24;
const PUBLISHERS = 4;

describeWithRabbitMq('snapshot, then stream on RabbitMQ', (rabbit) => {
  it('is exactly what concurrent publishers published, whenever a client comes', async () => {
    const vhost = await createVhost(rabbit);
    const connect = (service: string) =>
      createAmqpBroker({ urls: [vhost.url], service, logger: silentLogger });
    const systems = [await startBlackhole({}, connect), await startBlackhole({}, connect)];
    const registry = await FakeRegistry.start(connect('channels'));
    const random = seeded(7);
    registry.beforeFence = () => turns(random(20));
    registry.beforeAnswer = () => turns(random(50));
    const publishers = await Promise.all(
      Array.from({ length: PUBLISHERS }, async () => {
        const broker = connect('publisher');
        await broker.start();
        onTeardown(() => broker.stop());
        return broker;
      }),
    );
    const calls = new NumberedCalls(
      CUSTOMER,
      publishers.map((broker) => (message) => broker.publish(message)),
      random,
      () => registry.read,
    );
    const running = calls.run(12);

    const clients: CountingClient[] = [];
    for (let round = 0; round < CLIENTS; round += 1) {
      const client = await clientOf(systems[round % systems.length]!);
      clients.push(client);
      const again = clients[random(clients.length)]!;
      const beginnings = [client.subscribe()];
      if (again !== client) beginnings.push(again.subscribe());
      if (random(2) === 0) await Promise.all(beginnings);
      else await Promise.all([...beginnings, turns(random(100))]);
    }
    calls.end();
    await running;

    const faults = await Promise.all(clients.map((client) => client.compare(calls.published)));
    expect(faults.flat()).toEqual([]);
    expect(calls.total).toBeGreaterThan(CLIENTS);
    for (const system of systems) await system.stop();
  }, 120_000);
});

async function clientOf(system: TestBlackhole): Promise<CountingClient> {
  return new CountingClient(await system.connectAs(CUSTOMER));
}
