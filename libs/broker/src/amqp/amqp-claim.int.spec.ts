import Joi from 'joi';
import { randomHex } from '@ringdown/core';
import { defineOperation } from '@ringdown/contracts';
import { type Broker, type Claim, handle } from '../broker';
import { createVhost, rabbitFrom, type RabbitVhost } from '../contract/rabbitmq-vhost';
import { createTcpProxy, type TcpProxy } from '../contract/tcp-proxy';
import { until, untilResolved } from '../contract/until';
import { createAmqpBroker } from './amqp-broker';

const server = rabbitFrom(process.env);
const describeWithRabbit = server === undefined ? describe.skip : describe;

interface Holder {
  readonly broker: Broker;
  readonly claim: Claim;
  /** What the holder was told, and after every reconnect. */
  readonly told: string[];
}

describeWithRabbit('a claim on RabbitMQ', () => {
  let vhost: RabbitVhost;
  let proxy: TcpProxy;
  let brokers: Broker[] = [];
  let name: string;

  beforeAll(async () => {
    vhost = await createVhost(server!, 'claim');
  });
  afterAll(() => vhost.delete());
  beforeEach(async () => {
    name = `switch-${randomHex(8)}`;
    const { hostname, port } = new URL(vhost.url);
    proxy = await createTcpProxy(Number(port || 5672), hostname);
  });
  afterEach(async () => {
    await Promise.all(brokers.map((it) => it.stop()));
    brokers = [];
    await proxy.close();
  });

  const whoAnswers = defineOperation<null, string>('svc', 'who', Joi.any());

  async function claim(through: 'proxy' | 'direct'): Promise<Holder> {
    const url = new URL(vhost.url);
    if (through === 'proxy') {
      url.hostname = '127.0.0.1';
      url.port = String(proxy.port);
    }
    const broker = createAmqpBroker({ urls: [url.href], service: 'svc' });
    brokers.push(broker);
    await broker.start();
    const told: string[] = [];
    const held = await broker.claim(name, [handle(whoAnswers, async () => broker.instance)], {
      onHeld: () => void told.push('held'),
      onLost: () => void told.push('lost'),
    });
    return { broker, claim: held, told };
  }

  it('is lost at once with the connection, passes to who stands by, and comes back to who waits', async () => {
    const first = await claim('proxy');
    const second = await claim('direct');
    expect([first.claim.held, second.claim.held]).toEqual([true, false]);

    proxy.cut();
    await until('the first knows', () => !first.claim.held, 1_000);
    await until('the second holds it', () => second.claim.held);
    proxy.restore();
    await until('the first is back', () => first.broker.status().state === 'ready');
    expect(await second.broker.requestTo(name, whoAnswers, null)).toBe(second.broker.instance);
    expect(first.told).toEqual(['held', 'lost']);
    await second.claim.close();

    await until('the first holds it again', () => first.claim.held);
    expect(first.told).toEqual(['held', 'lost', 'held']);
    expect(second.told).toEqual(['held']);
    expect(await second.broker.requestTo(name, whoAnswers, null)).toBe(first.broker.instance);
  }, 30_000);

  it('is held again by the only one there is, once the server let go of its lost connection', async () => {
    const only = await claim('proxy');
    proxy.abandon();

    await until('it knows', () => only.told.includes('lost'));
    await until('it is back', () => only.broker.status().state === 'ready');
    expect(only.told).toEqual(['held', 'lost']);
    proxy.reap();

    await until('it holds it again', () => only.claim.held);
    expect(only.told).toEqual(['held', 'lost', 'held']);
  }, 30_000);

  it('is held by exactly one through many losses, and told strictly in turns', async () => {
    const holders = [await claim('proxy'), await claim('proxy'), await claim('proxy')];

    for (let round = 0; round < 4; round += 1) {
      proxy.cut();
      await until('nobody holds it', () => holders.every((it) => !it.claim.held));
      proxy.restore();
      await until('one holds it', () => holders.some((it) => it.claim.held), 20_000);
      await Promise.all(
        holders.map((it) => until('it is back', () => it.broker.status().state === 'ready', 20_000)),
      );
      expect(holders.filter((it) => it.claim.held)).toHaveLength(1);
    }

    for (const { told } of holders) {
      expect(told).toEqual(told.map((_, at) => (at % 2 === 0 ? 'held' : 'lost')));
    }
    const answers = await untilResolved(() => holders[0]!.broker.requestTo(name, whoAnswers, null));
    expect(answers).toBe(holders.find((it) => it.claim.held)!.broker.instance);
  }, 90_000);
});
