import { silentLogger } from '@ringdown/core';
import { waitUntil } from '@ringdown/testing';
import { sql } from 'kysely';
import type { Database } from './database';
import { openPglite } from './pglite-database';

describe('the embedded database', () => {
  let database: Database;
  afterEach(() => database.close());

  it('gives back the room of rows that are gone, as a server does by itself', async () => {
    database = await openPglite({ logger: silentLogger, vacuumEveryMs: 20 });
    const tables = database.tables<object>();
    await sql`create table notes (text text)`.execute(tables);
    const size = async (): Promise<number> => {
      const { rows } = await sql<{ size: number }>`select pg_relation_size('notes')::int as size`.execute(
        tables,
      );
      return rows[0]!.size;
    };
    await sql`insert into notes select repeat('x', 500) from generate_series(1, 1000)`.execute(tables);
    expect(await size()).toBeGreaterThan(500_000);

    await sql`delete from notes`.execute(tables);

    await waitUntil(async () => (await size()) === 0);
  });
});
