import type { Kysely } from 'kysely';

/** The schema all tables of this system live in. */
export const DATABASE_SCHEMA = 'ringdown';

/**
 * PostgreSQL, on a server or inside this process, behind Kysely. Queries see the schema `ringdown` only.
 *
 * While the server is away queries fail with AppError `unavailable`; the next one after its return succeeds. A commit
 * that fails so may have happened: a writer that retries must be recognisable (see the request ids of object-producer).
 */
export interface Database {
  readonly kind: 'postgresql' | 'pglite';
  /** The query builder, typed by the caller's tables. `Kysely.transaction` takes one connection for itself. */
  tables<Tables>(): Kysely<Tables>;
  /** One round trip. Errors: `unavailable`. */
  ping(): Promise<void>;
  /** For metrics; asks nobody. */
  load(): DatabaseLoad;
  /** Wakes every session that listens to `channel`, in whatever process. */
  notify(channel: string): Promise<void>;
  /**
   * A connection of its own, for locks that live as long as it does. A query that takes longer than `queryTimeoutMs`
   * (default 12,000) counts as a lost connection. Errors: `unavailable`.
   */
  openSession(options?: SessionOptions): Promise<Session>;
  close(): Promise<void>;
}

/** How busy the connections are that queries share; sessions have their own. */
export interface DatabaseLoad {
  readonly open: number;
  readonly inUse: number;
  /** Queries and transactions that wait for a connection. */
  readonly waiting: number;
  /** Connections and queries that failed with `unavailable`, since the start. */
  readonly failures: number;
}

export interface SessionOptions {
  readonly queryTimeoutMs?: number;
}

/** One connection held for long. Its locks fall when it ends, also when the process is killed. */
export interface Session {
  /** Queries on this very connection: they cannot succeed after its locks have fallen. */
  tables<Tables>(): Kysely<Tables>;
  /** Takes the advisory lock if nobody holds it. Not re-entrant. */
  tryLock(name: string): Promise<boolean>;
  unlock(name: string): Promise<void>;
  listen(channel: string, listener: () => void): Promise<void>;
  /** Aborted when the connection is lost or closed. */
  readonly lost: AbortSignal;
  /** Gives the locks back. Never rejects. */
  close(): Promise<void>;
}
