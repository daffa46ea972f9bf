import type { Kysely } from 'kysely';

/** Rows by their age. */
export interface OldRows<Tables> {
  readonly table: keyof Tables & string;
  /** The primary key's column. */
  readonly key: string;
  /** The column that says how old a row is. */
  readonly time: string;
  /** The youngest that goes. */
  readonly until: number;
}

/** Stands for every table: only names differ, and those are given at run time. */
interface AnyTable {
  readonly rows: { readonly key: string; readonly time: number };
}

/**
 * Deletes at most `limit` rows and says how many: a backlog of days must not run into the statement timeout, every time
 * from the start. Replicas doing it at once do not wait for each other.
 */
export async function forgetRows<Tables>(
  db: Kysely<Tables>,
  { until, ...names }: OldRows<Tables>,
  limit: number,
): Promise<number> {
  const { table, key, time } = names as { table: 'rows'; key: 'key'; time: 'time' };
  const { numDeletedRows } = await (db as unknown as Kysely<AnyTable>)
    .deleteFrom(table)
    .where(key, 'in', ({ selectFrom }) =>
      selectFrom(table).select(key).where(time, '<=', until).limit(limit).forUpdate().skipLocked(),
    )
    .executeTakeFirstOrThrow();
  return Number(numDeletedRows);
}
