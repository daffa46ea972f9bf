import { deferred, silentLogger } from '@ringdown/core';
import {
  createTestDatabase,
  describeWithPostgres,
  onTeardown,
  waitUntil,
  type TestDatabase,
} from '@ringdown/testing';
import type { Database } from '../database';
import { migrate } from '../migrate';
import { openDatabase } from '../open-database';
import { message, RecordingPublisher } from '../testing/recording-publisher';
import { outboxSuite } from '../testing/outbox-suite';
import { enqueue } from './enqueue';
import { OutboxDrainer } from './outbox-drainer';
import { outboxMigrations, type OutboxTables } from './outbox-table';

describeWithPostgres('the outbox on PostgreSQL', () => {
  outboxSuite(async () => openDatabase({ url: (await createTestDatabase()).url, logger: silentLogger }));

  describe('with several processes', () => {
    let server: TestDatabase;
    let mine: Database;
    let theirs: Database;

    beforeAll(async () => {
      server = await createTestDatabase();
      mine = await openDatabase({ url: server.url, logger: silentLogger });
      theirs = await openDatabase({ url: server.url, logger: silentLogger });
      await Promise.all([mine, theirs].map((one) => migrate(one, [outboxMigrations], silentLogger)));
    });

    afterAll(async () => {
      await mine.close();
      await theirs.close();
    });

    const put = (database: Database, id: string, key = id): Promise<void> =>
      database
        .tables<OutboxTables>()
        .transaction()
        .execute((trx) => enqueue(trx, [{ message: message(id), orderKey: key }], Date.now()));
    const drainerOn = (database: Database, publisher: RecordingPublisher): OutboxDrainer => {
      const drainer = new OutboxDrainer({ database, publisher, logger: silentLogger, pollMs: 600_000 });
      onTeardown(() => drainer.stop());
      return drainer;
    };
    const killHolders = () =>
      server.query(
        "select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())",
      );

    it('wakes the holder from another process', async () => {
      const publisher = new RecordingPublisher();
      const holder = drainerOn(mine, publisher);
      await holder.start();
      await waitUntil(() => holder.active);
      const standby = drainerOn(theirs, new RecordingPublisher());
      await standby.start();

      await put(theirs, '1');
      standby.kick();

      await waitUntil(() => publisher.ids.includes('1'));
      await holder.stop();
      await standby.stop();
    });

    it('takes a message that became visible after ones with higher ids', async () => {
      const publisher = new RecordingPublisher();
      const holder = drainerOn(mine, publisher);
      await holder.start();
      await waitUntil(() => holder.active);
      const written = deferred();
      const mayCommit = deferred();
      const late = theirs
        .tables<OutboxTables>()
        .transaction()
        .execute(async (trx) => {
          await enqueue(trx, [{ message: message('low'), orderKey: 'low' }], Date.now());
          written.resolve();
          await mayCommit.promise;
        });
      await written.promise;
      await put(mine, 'high');
      holder.kick();
      await waitUntil(() => publisher.ids.includes('high'));

      mayCommit.resolve();
      await late;
      holder.kick();

      await waitUntil(() => publisher.ids.includes('low'));
      await holder.stop();
    });

    it('loses nothing and keeps the order when the connection of the holder is killed again and again', async () => {
      const first = new RecordingPublisher();
      const second = new RecordingPublisher();
      const seen: string[] = [];
      for (const one of [first, second]) {
        one.before = async ({ messageId }) => {
          seen.push(String(messageId));
          await new Promise((resolve) => setImmediate(resolve));
        };
      }
      const drainers = [drainerOn(mine, first), drainerOn(theirs, second)];
      for (const one of drainers) await one.start();
      const total = 300;
      const writing = (async () => {
        for (let n = 0; n < total; n += 1) {
          await put(n % 2 ? mine : theirs, `${n % 3}:${String(n).padStart(4, '0')}`, String(n % 3));
          drainers[n % 2]?.kick();
          if (n % 60 === 30) await killHolders();
        }
      })();
      await writing;
      await waitUntil(async () => (await drainers[0]!.stats()).depth === 0, { timeoutMs: 20_000 });
      for (const one of drainers) await one.stop();

      // What a reader keeps who drops repeats: the first sight of each id.
      const firstSeen = [...new Set(seen)];
      expect(firstSeen).toHaveLength(total);
      for (const key of ['0', '1', '2']) {
        const ofKey = firstSeen.filter((id) => id.startsWith(`${key}:`));
        expect(ofKey).toEqual([...ofKey].sort());
      }
    });
  });
});
