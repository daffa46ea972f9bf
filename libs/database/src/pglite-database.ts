import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError, memoised, messageOf, pause, type Logger } from '@ringdown/core';
import { Kysely, PostgresDialect, sql, type PostgresPool } from 'kysely';
import { DATABASE_SCHEMA, type Database, type DatabaseLoad, type Session } from './database';
import { lockDataDir } from './data-dir-lock';
import { translateDatabaseError } from './errors';
import { Mutex } from './mutex';
import { borrowedClient, type BorrowedClient } from './pool-client';

const VACUUM_INTERVAL_MS = 10 * 60 * 1000;

type Engine = InstanceType<Awaited<ReturnType<typeof loadEngine>>>;

/**
 * PostgreSQL compiled to WebAssembly, in this process. Under `dataDir` it survives a killed process, not a power cut;
 * without one it lives in memory. Only one process may use a data directory: a second one gets AppError `conflict`.
 */
export async function openPglite(options: {
  readonly dataDir?: string;
  readonly logger: Logger;
  /** Default: ten minutes. */
  readonly vacuumEveryMs?: number;
}): Promise<Database> {
  const { dataDir, logger, vacuumEveryMs = VACUUM_INTERVAL_MS } = options;
  const PGlite = await loadEngine();
  if (dataDir === undefined) {
    return new PgliteDatabase(await PGlite.create(), vacuumEveryMs, logger, () => Promise.resolve());
  }

  await mkdir(dataDir, { recursive: true });
  const lock = await lockDataDir(dataDir);
  try {
    const path = join(dataDir, 'database');
    const engine = await PGlite.create(path);
    logger.debug('embedded database opened', { path });
    return new PgliteDatabase(engine, vacuumEveryMs, logger, () => lock.release());
  } catch (error) {
    await lock.release();
    throw error;
  }
}

/** On demand: whoever talks to a server needs neither its memory nor, in an image, its files. */
async function loadEngine() {
  try {
    return (await import('@electric-sql/pglite')).PGlite;
  } catch (cause) {
    throw new AppError(
      'unavailable',
      'The embedded database is not part of this installation: set RINGDOWN_DATABASE_URL to a PostgreSQL.',
      { cause },
    );
  }
}

class PgliteDatabase implements Database {
  readonly kind = 'pglite';
  private readonly connection: SingleConnection;
  private readonly queries: Kysely<unknown>;
  private readonly locks = new Map<string, Mutex>();
  private readonly listeners = new Map<string, Set<() => void>>();

  private readonly closing = new AbortController();
  private readonly vacuuming: Promise<void>;

  constructor(
    engine: Engine,
    vacuumEveryMs: number,
    logger: Logger,
    private readonly afterClose: () => Promise<void>,
  ) {
    this.connection = new SingleConnection(engine);
    this.queries = new Kysely<unknown>({
      dialect: new PostgresDialect({ pool: this.connection }),
    }).withSchema(DATABASE_SCHEMA);
    this.vacuuming = this.vacuumEvery(vacuumEveryMs, logger);
  }

  tables<Tables>(): Kysely<Tables> {
    return this.queries as unknown as Kysely<Tables>;
  }

  async ping(): Promise<void> {
    await sql`select 1`.execute(this.queries);
  }

  load(): DatabaseLoad {
    return this.connection.load();
  }

  notify(channel: string): Promise<void> {
    for (const listener of this.listeners.get(channel) ?? []) listener();
    return Promise.resolve();
  }

  /** There is one connection and one process, so a session's locks are kept in memory. */
  openSession(): Promise<Session> {
    const held = new Map<string, () => void>();
    const ended: (() => void)[] = [];
    const lost = new AbortController();
    const session: Session = {
      tables: <Tables>() => this.tables<Tables>(),
      lost: lost.signal,
      tryLock: (name) => {
        let mutex = this.locks.get(name);
        if (!mutex) this.locks.set(name, (mutex = new Mutex()));
        const release = mutex.tryAcquire();
        if (release) held.set(name, release);
        return Promise.resolve(release !== undefined);
      },
      unlock: (name) => {
        held.get(name)?.();
        held.delete(name);
        return Promise.resolve();
      },
      listen: (channel, listener) => {
        let all = this.listeners.get(channel);
        if (!all) this.listeners.set(channel, (all = new Set()));
        all.add(listener);
        ended.push(() => all.delete(listener));
        return Promise.resolve();
      },
      close: () => {
        lost.abort();
        for (const release of held.values()) release();
        held.clear();
        for (const end of ended.splice(0)) end();
        return Promise.resolve();
      },
    };
    return Promise.resolve(session);
  }

  readonly close = memoised(async () => {
    this.closing.abort();
    await this.vacuuming;
    await this.queries.destroy();
    await this.afterClose();
  });

  /** The engine has no autovacuum: what is deleted and changed would keep its room for ever. */
  private async vacuumEvery(intervalMs: number, logger: Logger): Promise<void> {
    const { signal } = this.closing;
    for (;;) {
      await pause(intervalMs, signal);
      if (signal.aborted) return;
      try {
        await sql`vacuum`.execute(this.queries);
      } catch (error) {
        logger.warn('the embedded database could not be tidied', { reason: messageOf(error) });
      }
    }
  }
}

/**
 * The one connection of PGlite as the pool that Kysely's PostgreSQL dialect expects. Whoever has it keeps it until
 * release, so the statements of two transactions never mix.
 */
class SingleConnection implements PostgresPool {
  private readonly mutex = new Mutex();
  private asked = 0;

  constructor(private readonly engine: Engine) {}

  async connect(): Promise<BorrowedClient> {
    this.asked += 1;
    const release = await this.mutex.acquire();
    return borrowedClient(this.query, () => {
      this.asked -= 1;
      release();
    });
  }

  /** There is nothing that could be unavailable. */
  load(): DatabaseLoad {
    return { open: 1, inUse: Math.min(1, this.asked), waiting: Math.max(0, this.asked - 1), failures: 0 };
  }

  async end(): Promise<void> {
    const release = await this.mutex.acquire();
    await this.engine.close();
    release();
  }

  private readonly query = async (text: string, parameters: readonly unknown[]) => {
    try {
      const { rows, affectedRows } = await this.engine.query(text, [...parameters]);
      const command = text.trimStart().slice(0, 6).toUpperCase();
      return { command, rowCount: affectedRows ?? 0, rows };
    } catch (error) {
      throw translateDatabaseError(error);
    }
  };
}
