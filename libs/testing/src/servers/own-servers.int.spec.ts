import { withDeadline } from '@ringdown/core';
import { connect } from 'amqplib';
import { describeWithOwnServers } from '../describe-with';
import { ForeignAmqp } from '../foreign-amqp';
import { createTestDatabase } from '../test-database';
import { createVhost } from '../vhost';
import { waitUntil } from '../wait-until';
import { startOwnPostgres } from './postgres';
import { startOwnRabbitMq } from './rabbitmq';
import type { BreakableServer } from './server';

describeWithOwnServers('a RabbitMQ of one’s own', () => {
  let server: BreakableServer;

  beforeAll(async () => {
    server = await startOwnRabbitMq();
  }, 180_000);

  it('has a management API that makes vhosts, and a version', async () => {
    const vhost = await createVhost({ amqpUrl: server.url, managementUrl: server.managementUrl! });
    const client = await ForeignAmqp.connect(vhost.url);
    await client.channel.assertExchange('call', 'topic');
    const messages = await client.collect('call', 'call.#');

    await client.publish(
      'call',
      'call.CHANNEL_CREATE.a1',
      { call_id: 'a1' },
      { headers: { account_id: 'A' } },
    );

    await waitUntil(() => messages.length === 1);
    expect(messages[0]).toMatchObject({ routingKey: 'call.CHANNEL_CREATE.a1', headers: { account_id: 'A' } });
    expect(server.version).toMatch(/^\d+\.\d+/);
    await client.close();
    await vhost.delete();
  });

  it.each(['restart', 'kill9'] as const)(
    'keeps port and data over %s',
    async (how) => {
      const before = await ForeignAmqp.connect(server.url);
      await before.channel.assertQueue('kept', { durable: true });
      before.channel.sendToQueue('kept', Buffer.from('x'), { persistent: true });
      await before.channel.waitForConfirms();

      if (how === 'kill9') {
        await server.kill9();
        expect(server.running).toBe(false);
        await expect(ForeignAmqp.connect(server.url)).rejects.toThrow();
        await server.start();
      } else {
        await server.restart();
      }

      const after = await ForeignAmqp.connect(server.url);
      expect((await after.channel.get('kept', { noAck: true })) && true).toBe(true);
      await after.channel.deleteQueue('kept');
      await after.close();
    },
    120_000,
  );

  it('answers nothing while paused and goes on afterwards', async () => {
    const client = await ForeignAmqp.connect(server.url);
    await client.channel.assertExchange('paused', 'topic', { durable: false });
    let confirmed = false;

    await server.pause();
    const publish = client.publish('paused', 'a', {}).then(() => (confirmed = true));
    // A frozen server still has its connections accepted by the kernel, but says nothing: the handshake hangs.
    const handshake = connect(server.url);
    await expect(withDeadline(handshake, 500, 'a handshake')).rejects.toThrow('a handshake took longer');
    expect(confirmed).toBe(false);
    await server.resume();

    await publish;
    await (await handshake).close();
    await client.close();
  }, 60_000);
});

describeWithOwnServers('a PostgreSQL of one’s own', () => {
  let server: BreakableServer;

  beforeAll(async () => {
    server = await startOwnPostgres();
  }, 180_000);

  it('makes and drops databases', async () => {
    const database = await createTestDatabase(server.url);

    expect(await database.query('SELECT current_database() AS name')).toEqual([{ name: database.name }]);

    await database.drop();
    await expect(database.query('SELECT 1')).rejects.toThrow(/does not exist/);
  });

  it.each(['restart', 'kill9'] as const)(
    'keeps port and committed data over %s',
    async (how) => {
      const database = await createTestDatabase(server.url);
      await database.query('CREATE TABLE kept (value text)');
      await database.query("INSERT INTO kept VALUES ('x')");

      if (how === 'kill9') {
        await server.kill9();
        await expect(database.query('SELECT 1')).rejects.toThrow();
        await server.start();
      } else {
        await server.restart();
      }

      expect(await database.query('SELECT value FROM kept')).toEqual([{ value: 'x' }]);
      await database.drop();
    },
    120_000,
  );
});
