import { silentLogger } from '@ringdown/core';
import { createTestDatabase, describeWithPostgres, TcpProxy, waitUntil } from '@ringdown/testing';
import { sql } from 'kysely';
import { withAdvisoryLock } from './advisory-lock';
import { DatabaseHealth } from './database-health';
import { migrate } from './migrate';
import { openDatabase } from './open-database';
import { outboxMigrations } from './outbox/outbox-table';

describeWithPostgres('a PostgreSQL server', (serverUrl) => {
  it('may go away and come back: queries fail as unavailable meanwhile, the process stays', async () => {
    const server = await createTestDatabase();
    const target = new URL(serverUrl);
    const proxy = await TcpProxy.to(Number(target.port || 5432), target.hostname);
    const database = await openDatabase({ url: proxy.rewrite(server.url), logger: silentLogger });
    const health = new DatabaseHealth(database, silentLogger);
    await health.start();
    expect(health.state).toBe('ok');
    const session = await database.openSession();
    expect(await session.tryLock('x')).toBe(true);

    proxy.set('refuse');
    proxy.cut();
    await expect(database.ping()).rejects.toMatchObject({ code: 'unavailable', retryable: true });
    await expect(database.openSession()).rejects.toMatchObject({ code: 'unavailable' });
    await waitUntil(() => session.lost.aborted);
    await waitUntil(() => health.state !== 'ok');

    proxy.set('pass');
    await waitUntil(() => health.state === 'ok');
    await expect(database.ping()).resolves.toBeUndefined();
    await session.close();
    await health.stop();
    await database.close();
  });

  it('breaks only the transaction whose connection it ends', async () => {
    const server = await createTestDatabase();
    const database = await openDatabase({ url: server.url, logger: silentLogger });
    const db = database.tables<unknown>();
    await expect(
      db.transaction().execute(async (trx) => {
        await sql`select 1`.execute(trx);
        await server.query(
          "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'ringdown' and datname = current_database()",
        );
        await sql`select 1`.execute(trx);
      }),
    ).rejects.toMatchObject({ code: 'unavailable' });

    await expect(database.ping()).resolves.toBeUndefined();
    await database.close();
  });

  it('is migrated by one process at a time and once', async () => {
    const server = await createTestDatabase();
    const all = await Promise.all(
      [1, 2, 3].map(() => openDatabase({ url: server.url, logger: silentLogger })),
    );
    await Promise.all(all.map((database) => migrate(database, [outboxMigrations], silentLogger)));

    const rows = await server.query('select component, version from ringdown.migrations');
    expect(rows).toEqual([{ component: 'outbox', version: 1 }]);
    for (const database of all) await database.close();
  });

  it('lets one holder of a named lock in at a time', async () => {
    const server = await createTestDatabase();
    const all = await Promise.all(
      [1, 2, 3].map(() => openDatabase({ url: server.url, logger: silentLogger })),
    );
    let inside = 0;
    let most = 0;
    await Promise.all(
      all.map((database) =>
        withAdvisoryLock(database, 'spec', async (session) => {
          most = Math.max(most, (inside += 1));
          await sql`select pg_sleep(0.05)`.execute(session.tables<unknown>());
          inside -= 1;
        }),
      ),
    );

    expect(most).toBe(1);
    for (const database of all) await database.close();
  });
});
