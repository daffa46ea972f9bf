import { AppError, newId, silentLogger } from '@ringdown/core';
import type { Kysely } from 'kysely';
import type { Database } from '../database';
import { Janitor } from '../janitor';
import { migrate, type MigrationSet } from '../migrate';
import type { OutboxEntry } from '../outbox/enqueue';
import { outboxMigrations, type OutboxTables } from '../outbox/outbox-table';
import { RequestRepository, type RequestStore, type RequestTable } from '../writes/request-store';
import { RequestWriter } from '../writes/request-writer';
import { transactionsOf, type Transact } from '../writes/transact';
import { message } from './recording-publisher';

interface Tables extends OutboxTables {
  things: { name: string; seen_at: number };
  requests: { key: string; fingerprint: string; answer: string; created_at: number };
  other_requests: { request_id: string; fingerprint: string; answer: string; created_at: number };
}

interface Stores {
  readonly db: Kysely<Tables>;
  readonly requests: RequestStore;
}

interface Unit {
  readonly db: Kysely<Tables>;
  readonly nowMs: number;
  readonly outbox: OutboxEntry[];
}

const layouts: RequestTable<Tables>[] = [
  { table: 'requests', key: 'key' },
  { table: 'other_requests', key: 'request_id' },
];

const migrations: MigrationSet = {
  component: 'things',
  migrations: [
    {
      name: 'things and requests',
      up: async (db) => {
        await db.schema
          .createTable('things')
          .addColumn('name', 'text', (column) => column.primaryKey())
          .addColumn('seen_at', 'bigint', (column) => column.notNull())
          .execute();
        for (const { table, key } of layouts) {
          await db.schema
            .createTable(table)
            .addColumn(key, 'text', (column) => column.primaryKey())
            .addColumn('fingerprint', 'text', (column) => column.notNull())
            .addColumn('answer', 'jsonb', (column) => column.notNull())
            .addColumn('created_at', 'bigint', (column) => column.notNull())
            .execute();
        }
      },
    },
  ],
};

const DAY_MS = 24 * 60 * 60 * 1000;

/** What a writing request is promised on every database, whatever the service's table of answers is called. */
export function writeSuite(open: () => Promise<Database>): void {
  let database: Database;

  beforeAll(async () => {
    database = await open();
    await migrate(database, [outboxMigrations, migrations], silentLogger);
  }, 60_000);

  afterAll(() => database.close());

  describe.each(layouts)('a change, with its answer remembered in $table', (layout) => {
    let now: number;
    let kicks: number;
    let committed: number;
    let name: string;
    let key: string;
    const storesOver = (db: Kysely<Tables>): Stores => ({ db, requests: new RequestRepository(db, layout) });

    beforeEach(() => {
      now = Date.parse('2026-02-03T04:05:06.070Z');
      kicks = 0;
      committed = 0;
      name = newId();
      key = newId();
    });

    const transact: Transact<Stores> = (work) => transactionsOf(database, storesOver)(work);
    const writer = (by = transact) =>
      new RequestWriter<Stores, Unit>({
        stores: storesOver(database.tables<Tables>()),
        transact: by,
        begin: ({ db }, nowMs) => ({ db, nowMs, outbox: [] }),
        kick: () => (kicks += 1),
        committed: () => (committed += 1),
        clock: () => now,
      });
    /** Can be done once only: the name is taken then. */
    const make = async ({ db, nowMs, outbox }: Unit): Promise<{ readonly made: string }> => {
      outbox.push({ message: message(name), orderKey: name });
      await db.insertInto('things').values({ name, seen_at: nowMs }).execute();
      return { made: newId() };
    };
    /** Can be done any number of times. */
    const touch = async ({ db, outbox }: Unit): Promise<{ readonly touched: string }> => {
      const touched = newId();
      outbox.push({ message: message(touched), orderKey: name });
      await db.insertInto('things').values({ name: touched, seen_at: now }).execute();
      return { touched };
    };
    const tables = () => database.tables<Tables>();
    const things = async () => (await tables().selectFrom('things').selectAll().execute()).length;
    const told = async (id: string) =>
      (await tables().selectFrom('outbox').select('id').where('message_id', '=', id).execute()).length;
    const asked = ['make', { b: 1, a: [2] }];

    it('is applied once, though it could be applied again; the repetition gets the first answer', async () => {
      const before = await things();
      const first = await writer().onceOrReplay({ keys: [key], asked }, touch);
      const again = await writer().onceOrReplay({ keys: [key], asked: ['make', { a: [2], b: 1 }] }, touch);

      expect(first.replayed).toBe(false);
      expect(again).toEqual({ answer: first.answer, replayed: true });
      expect(await things()).toBe(before + 1);
      expect(await told(first.answer.touched)).toBe(1);
      expect([kicks, committed]).toEqual([1, 1]);
    });

    it('that cannot be made twice is not refused because it was made', async () => {
      const first = await writer().once({ keys: [key], asked }, make);

      expect(await writer().once({ keys: [key], asked }, make)).toEqual(first);
      expect(await told(name)).toBe(1);
    });

    it('is applied once when the same request comes several times at once', async () => {
      const before = await things();
      const answers = await Promise.all(
        Array.from({ length: 5 }, () => writer().onceOrReplay({ keys: [key], asked }, touch)),
      );

      expect(new Set(answers.map(({ answer }) => answer.touched)).size).toBe(1);
      expect(answers.filter(({ replayed }) => !replayed)).toHaveLength(1);
      expect(await things()).toBe(before + 1);
    });

    it('that was committed though nobody heard of it is not made again', async () => {
      const before = await things();
      const unheard: Transact<Stores> = async (work) => {
        await transact(work);
        throw new AppError('unavailable', 'the connection broke behind the commit');
      };
      await expect(writer(unheard).once({ keys: [key], asked }, touch)).rejects.toMatchObject({
        code: 'unavailable',
      });
      expect(await things()).toBe(before + 1);

      const { answer, replayed } = await writer().onceOrReplay({ keys: [key], asked }, touch);
      expect(replayed).toBe(true);
      expect(await things()).toBe(before + 1);
      expect(await told(answer.touched)).toBe(1);
    });

    it('is a conflict when its key came with something else, and is not made', async () => {
      await writer().once({ keys: [key], asked }, touch);
      const before = await things();

      await expect(writer().once({ keys: [key], asked: ['other'] }, touch)).rejects.toMatchObject({
        code: 'conflict',
      });
      expect(await things()).toBe(before);
    });

    it('is recognised by any of its keys; the first that has an answer decides', async () => {
      const [mine, theirs] = [newId(), newId()];
      const first = await writer().once({ keys: [mine, key], asked }, touch);
      const second = await writer().once({ keys: [theirs], asked: ['other'] }, touch);

      expect(await writer().once({ keys: [newId(), key], asked }, touch)).toEqual(first);
      expect(await writer().once({ keys: [mine, theirs], asked }, touch)).toEqual(first);
      expect(await writer().once({ keys: [theirs, mine], asked: ['other'] }, touch)).toEqual(second);
    });

    it('that fails leaves nothing behind: no row, no event, no answer', async () => {
      const failing = async (unit: Unit): Promise<never> => {
        await make(unit);
        throw new AppError('forbidden', 'after all');
      };
      await expect(writer().once({ keys: [key], asked }, failing)).rejects.toMatchObject({
        code: 'forbidden',
      });
      expect(await told(name)).toBe(0);
      expect([kicks, committed]).toEqual([0, 0]);

      await writer().once({ keys: [key], asked }, make);
      expect(await told(name)).toBe(1);
    });

    it('is applied every time when nothing identifies it', async () => {
      const before = await things();
      for (let n = 0; n < 2; n += 1) {
        await writer().once({ keys: [], asked }, touch);
        await writer().run(touch);
      }

      expect(await things()).toBe(before + 4);
    });

    it('answers with what JSON makes of the answer, also with nothing', async () => {
      const nothing = () => Promise.resolve(null);
      expect(await writer().once({ keys: [key], asked }, nothing)).toBeNull();
      expect(await writer().once({ keys: [key], asked }, nothing)).toBeNull();
      expect(kicks).toBe(0);
    });

    it('is remembered for a day, and not longer, swept away or not', async () => {
      const first = await writer().once({ keys: [key], asked }, touch);
      now += DAY_MS - 1;
      expect(await writer().once({ keys: [key], asked }, touch)).toEqual(first);

      now += 1;
      const { answer, replayed } = await writer().onceOrReplay({ keys: [key], asked: ['other'] }, touch);
      expect(replayed).toBe(false);
      now += DAY_MS - 1;
      expect(await writer().once({ keys: [key], asked: ['other'] }, touch)).toEqual(answer);
    });

    it('that cannot be made twice is refused as such once its answer is forgotten', async () => {
      await writer().once({ keys: [key], asked }, make);
      now += DAY_MS;

      await expect(writer().once({ keys: [key], asked }, make)).rejects.toThrow(/unique/);
    });

    it('is forgotten by the janitor after a day, in pieces, and only then', async () => {
      const { requests } = storesOver(tables());
      const left = async () =>
        (await tables().selectFrom(layout.table).select('created_at').execute()).length;
      await new Janitor(
        [(at, limit) => requests.forget(at + 10 * DAY_MS, limit)],
        () => now,
        silentLogger,
      ).sweep();
      expect(await left()).toBe(0);
      for (let n = 0; n < 5; n += 1) await writer().once({ keys: [newId()], asked }, touch);
      now += 1;
      await writer().once({ keys: [key], asked }, touch);

      expect(await requests.forget(now - 2 + DAY_MS, 2)).toBe(0);
      expect(await requests.forget(now - 1 + DAY_MS, 2)).toBe(2);
      expect(await requests.forget(now - 1 + DAY_MS, 5)).toBe(3);
      expect(await left()).toBe(1);
      expect(await requests.find([key], now)).toBeDefined();
    });
  });
}
