import type { Kysely } from 'kysely';
import { forgetRows } from '../forget-rows';

/** How long answers are remembered. */
const REMEMBER_MS = 24 * 60 * 60 * 1000;

/** What was answered to a request that changed something. */
export interface RememberedAnswer {
  /** Of what was asked. */
  readonly fingerprint: string;
  readonly answer: unknown;
}

/** Answers by the keys of their requests, for a day; written in the transaction they answer. */
export interface RequestStore {
  /** False, without an error, when one of the keys has an answer; the caller must then roll back. */
  remember(keys: readonly string[], remembered: RememberedAnswer, nowMs: number): Promise<boolean>;
  /** The answer under the first key that has one. */
  find(keys: readonly string[], nowMs: number): Promise<RememberedAnswer | undefined>;
  /** Forgets at most `limit` answers that are too old, and says how many. */
  forget(nowMs: number, limit: number): Promise<number>;
}

/** Where a service keeps them. */
export interface RequestTable<Tables> {
  /** With the columns `fingerprint` (text), `answer` (jsonb) and `created_at` (bigint) beside the key. */
  readonly table: keyof Tables & string;
  /** The column that is the primary key. */
  readonly key: string;
}

/** Stands for every layout: only names differ, and those are given at run time. */
interface AnyRequestTable {
  readonly requests: {
    readonly key: string;
    readonly fingerprint: string;
    /** JSON text going in, a value coming out. */
    readonly answer: string;
    /** Unix milliseconds. */
    readonly created_at: number;
  };
}

/** Remembered answers in a table of the service's own. */
export class RequestRepository<Tables> implements RequestStore {
  private readonly rows: Kysely<AnyRequestTable>;
  private readonly table: 'requests';
  private readonly key: 'key';

  constructor(
    private readonly db: Kysely<Tables>,
    private readonly layout: RequestTable<Tables>,
  ) {
    this.rows = db as unknown as Kysely<AnyRequestTable>;
    this.table = layout.table as 'requests';
    this.key = layout.key as 'key';
  }

  async remember(keys: readonly string[], remembered: RememberedAnswer, nowMs: number): Promise<boolean> {
    if (keys.length === 0) return true;
    const { table, key } = this;
    const { fingerprint } = remembered;
    const answer = JSON.stringify(remembered.answer);
    const written = await this.rows
      .insertInto(table)
      .values(keys.map((value) => ({ [key]: value, fingerprint, answer, created_at: nowMs })))
      .onConflict((conflict) =>
        conflict
          .column(key)
          // Too old to count, only not swept away yet.
          .doUpdateSet(({ ref }) => ({
            fingerprint: ref('excluded.fingerprint'),
            answer: ref('excluded.answer'),
            created_at: ref('excluded.created_at'),
          }))
          .where(`${table}.created_at`, '<=', nowMs - REMEMBER_MS),
      )
      .returning(key)
      .execute();
    return written.length === keys.length;
  }

  async find(keys: readonly string[], nowMs: number): Promise<RememberedAnswer | undefined> {
    if (keys.length === 0) return undefined;
    const { table, key } = this;
    const found = await this.rows
      .selectFrom(table)
      .select([key, 'fingerprint', 'answer'])
      .where(key, 'in', keys)
      .where('created_at', '>', nowMs - REMEMBER_MS)
      .execute();
    for (const value of keys) {
      const row = found.find((candidate) => candidate[key] === value);
      if (row) return { fingerprint: row.fingerprint, answer: row.answer };
    }
    return undefined;
  }

  forget(nowMs: number, limit: number): Promise<number> {
    const rows = { ...this.layout, time: 'created_at', until: nowMs - REMEMBER_MS };
    return forgetRows(this.db, rows, limit);
  }
}
