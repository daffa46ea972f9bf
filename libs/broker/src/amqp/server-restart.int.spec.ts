import { randomHex } from '@ringdown/core';
import { type BreakableServer, describeWithOwnServers, startOwnRabbitMq } from '@ringdown/testing';
import type { Broker } from '../broker';
import { openLogOf } from '../contract/contract-suite';
import { until } from '../contract/until';
import { createAmqpBroker } from './amqp-broker';

describeWithOwnServers('a RabbitMQ that goes and comes back', () => {
  let server: BreakableServer;
  let brokers: Broker[] = [];

  beforeAll(async () => {
    server = await startOwnRabbitMq();
  }, 180_000);
  afterEach(async () => {
    await Promise.all(brokers.map((it) => it.stop()));
    brokers = [];
  });

  async function connect(service: string): Promise<Broker> {
    const broker = createAmqpBroker({ urls: [server.url], service });
    brokers.push(broker);
    await broker.start();
    return broker;
  }

  async function publish(broker: Broker, keys: readonly string[]): Promise<void> {
    await Promise.all(
      keys.map((routingKey) => broker.publish({ exchange: 'call', routingKey, body: Buffer.from('{}') })),
    );
  }

  it.each(['restart', 'kill9'] as const)(
    'still has its event log after %s, and readers go on in it',
    async (how) => {
      const tag = randomHex(8);
      const keys = (word: string): string[] => Array.from({ length: 200 }, (_, n) => `${tag}.${word}.${n}`);
      const broker = await connect('survivor');
      const log = await openLogOf(broker, tag);
      await publish(broker, keys('before'));
      await log.reader.fence();

      if (how === 'kill9') {
        await server.kill9();
        await server.start();
      } else {
        await server.restart();
      }
      await until('it is back', () => broker.status().state === 'ready', 60_000);
      await publish(broker, keys('after'));
      await log.reader.fence({ timeoutMs: 30_000 });
      const late = await openLogOf(broker, tag);
      await late.reader.fence({ timeoutMs: 30_000 });

      // What was confirmed is there; what was under way may be there twice.
      expect([...new Set(log.keys())]).toEqual([...keys('before'), ...keys('after')]);
      expect(late.keys()).toEqual(log.keys());
      expect(late.entries.map((it) => it.offset).slice(-400)).toEqual(
        log.entries.map((it) => it.offset).slice(-400),
      );
      expect(log.resets).toEqual([]);
      expect(log.truncations).toEqual([]);
    },
    120_000,
  );

  it('has one holder of a name before and after', async () => {
    const told: string[] = [];
    const claims = await Promise.all(
      ['one', 'two'].map(async (who) => {
        const broker = await connect('svc');
        return broker.claim('switch-1', [], {
          onHeld: () => void told.push(`${who} held`),
          onLost: () => void told.push(`${who} lost`),
        });
      }),
    );
    const holder = told[0]!.split(' ')[0]!;

    await server.restart();
    await until('one holds it again', () => claims.some((it) => it.held), 60_000);
    await until('both are back', () => brokers.every((it) => it.status().state === 'ready'), 60_000);

    expect(claims.filter((it) => it.held)).toHaveLength(1);
    expect(told).toEqual([`${holder} held`, `${holder} lost`, expect.stringMatching(/^(one|two) held$/)]);
  }, 120_000);
});
