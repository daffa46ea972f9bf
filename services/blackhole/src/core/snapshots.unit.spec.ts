import { FakeRegistry } from '../testing/fake-registry';
import { CountingClient, NumberedCalls, seeded, turns } from '../testing/snapshot-load';
import { CUSTOMER, startBlackhole } from '../testing/start-blackhole';

/** Deterministic delays on both ways: of the gateway's feed, and of the registry before and after it looks. */
it.each([1, 2])(
  'snapshot and stream are exactly what was published, whenever a client comes (%d)',
  async (seed) => {
    const random = seeded(seed);
    const system = await startBlackhole();
    const registry = await FakeRegistry.start(system.join('channels'));
    system.beforeMessage = () => turns(random(12) === 0 ? random(30) : 0);
    registry.beforeFence = () => turns(random(20));
    registry.beforeAnswer = () => turns(random(100));
    const calls = new NumberedCalls(CUSTOMER, [(message) => system.peer.publish(message)], random);
    const running = calls.run(6);

    const clients: CountingClient[] = [];
    for (let round = 0; round < 20; round += 1) {
      const client = new CountingClient(await system.connectAs(CUSTOMER));
      clients.push(client);
      // Some begin anew, and some at the same time as others.
      const again = clients[random(clients.length)]!;
      const beginnings = [client.subscribe()];
      if (again !== client) beginnings.push(again.subscribe());
      if (random(3) === 0) await Promise.all(beginnings);
      else await Promise.all([...beginnings, turns(random(50))]);
    }
    calls.end();
    await running;

    const faults = await Promise.all(clients.map((client) => client.compare(calls.published)));
    expect(faults.flat()).toEqual([]);
    expect(calls.total).toBeGreaterThan(100);
    await system.stop();
  },
  60_000,
);
