import type { Logger } from '@ringdown/core';
import { sql, type Kysely } from 'kysely';
import { withAdvisoryLock } from './advisory-lock';
import { DATABASE_SCHEMA, type Database } from './database';
import { requireServerVersion } from './postgres-database';

/** One step forward. Runs once, in a transaction; never changed after it was released. */
export interface Migration {
  readonly name: string;
  up(db: Kysely<unknown>): Promise<void>;
}

/** The steps of one owner of tables, oldest first; the position is the version. */
export interface MigrationSet {
  readonly component: string;
  readonly migrations: readonly Migration[];
}

interface MigrationTables {
  migrations: { component: string; version: number; name: string; applied_at: number };
}

const LOCK = 'migrations';
/** A step on large tables takes its time. */
const STEP_TIMEOUT_MS = 3_600_000;

/**
 * Brings every set up to date, one process at a time. A database that is newer than this code (a newer replica was here
 * during an update) is left as it is. Errors: `unavailable`, `closed` when `signal` aborts while waiting.
 */
export async function migrate(
  database: Database,
  sets: readonly MigrationSet[],
  logger: Logger,
  signal?: AbortSignal,
): Promise<void> {
  await requireServerVersion(database);
  await withAdvisoryLock(
    database,
    LOCK,
    async (session) => {
      const db = session.tables<MigrationTables>();
      await prepare(db);
      for (const { component, migrations } of sets) {
        const { version } = await db
          .selectFrom('migrations')
          .select(({ fn }) => fn.coalesce(fn.max('version'), sql<number>`0`).as('version'))
          .where('component', '=', component)
          .executeTakeFirstOrThrow();
        if (version > migrations.length) {
          logger.warn('database is newer than this program', { component, version });
        }
        for (const [index, migration] of migrations.entries()) {
          if (index < version) continue;
          await db.transaction().execute(async (trx) => {
            await migration.up(trx as unknown as Kysely<unknown>);
            await trx
              .insertInto('migrations')
              .values({ component, version: index + 1, name: migration.name, applied_at: Date.now() })
              .execute();
          });
          logger.info('database migrated', { component, version: index + 1, migration: migration.name });
        }
      }
    },
    { signal, queryTimeoutMs: STEP_TIMEOUT_MS },
  );
}

async function prepare(db: Kysely<MigrationTables>): Promise<void> {
  // Asked first: `if not exists` still needs the right to create, which a tight deployment gives to its operator only.
  const { rows } = await sql<{
    present: boolean;
  }>`select to_regclass(${`${DATABASE_SCHEMA}.migrations`}) is not null as present`.execute(db);
  if (rows[0]?.present) return;
  await db.schema.createSchema(DATABASE_SCHEMA).ifNotExists().execute();
  await db.schema
    .createTable('migrations')
    .addColumn('component', 'text', (column) => column.notNull())
    .addColumn('version', 'integer', (column) => column.notNull())
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('applied_at', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('migrations_pkey', ['component', 'version'])
    .execute();
}
