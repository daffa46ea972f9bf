import { AppError, isAppError, memoised, messageOf, withoutTrace, type Logger } from '@ringdown/core';
import { Kysely, PostgresDialect, sql, type PostgresPool } from 'kysely';
import { Client, Pool, types, type ClientConfig, type PoolClient } from 'pg';
import { lockKey } from './advisory-lock';
import {
  DATABASE_SCHEMA,
  type Database,
  type DatabaseLoad,
  type Session,
  type SessionOptions,
} from './database';
import { breaksConnection, translateDatabaseError } from './errors';
import { Mutex } from './mutex';
import { borrowedClient, type BorrowedClient } from './pool-client';

const CONNECT_TIMEOUT_MS = 5_000;
const STATEMENT_TIMEOUT_MS = 10_000;
/** A little more than the server's own limit: reached only when the connection is dead without saying so. */
const QUERY_TIMEOUT_MS = 12_000;
const POOL_SIZE = 10;
const INT8 = 20;

/** A PostgreSQL server, 15 to 17 (others may work), through a pool. Connects on first use. */
export function openPostgres(options: { url: string; logger: Logger; poolSize?: number }): Database {
  return new PostgresDatabase(options.url, options.logger, options.poolSize ?? POOL_SIZE);
}

class PostgresDatabase implements Database {
  readonly kind = 'postgresql';
  private readonly pool: ReportingPool;
  private readonly queries: Kysely<unknown>;

  constructor(
    private readonly url: string,
    private readonly logger: Logger,
    poolSize: number,
  ) {
    this.pool = new ReportingPool(
      new Pool({
        ...clientConfig(url),
        max: poolSize,
        statement_timeout: STATEMENT_TIMEOUT_MS,
        idle_in_transaction_session_timeout: STATEMENT_TIMEOUT_MS,
      }),
      logger,
    );
    this.queries = kyselyOver(this.pool);
  }

  tables<Tables>(): Kysely<Tables> {
    return this.queries as unknown as Kysely<Tables>;
  }

  async ping(): Promise<void> {
    await sql`select 1`.execute(this.queries);
  }

  load(): DatabaseLoad {
    return this.pool.load();
  }

  async notify(channel: string): Promise<void> {
    await sql`select pg_notify(${channel}, '')`.execute(this.queries);
  }

  async openSession(options: SessionOptions = {}): Promise<Session> {
    const client = new Client({
      ...clientConfig(this.url),
      query_timeout: options.queryTimeoutMs ?? QUERY_TIMEOUT_MS,
    });
    const session = new PostgresSession(client, this.logger);
    try {
      await client.connect();
      // The server must notice a vanished holder, or its locks outlive it by hours.
      await client.query(
        'set tcp_keepalives_idle = 5; set tcp_keepalives_interval = 2; set tcp_keepalives_count = 3',
      );
    } catch (error) {
      await session.close();
      throw translateDatabaseError(error);
    }
    return session;
  }

  readonly close = memoised(() => this.queries.destroy());
}

class PostgresSession implements Session {
  private readonly end = new AbortController();
  private readonly queries: Kysely<unknown>;

  constructor(
    private readonly client: Client,
    logger: Logger,
  ) {
    client.on('error', (error) => {
      logger.warn('database session lost', { reason: messageOf(error) });
      this.end.abort();
    });
    client.on('end', () => this.end.abort());
    this.queries = kyselyOver(new SessionConnection(client, () => this.end.abort()));
  }

  get lost(): AbortSignal {
    return this.end.signal;
  }

  tables<Tables>(): Kysely<Tables> {
    return this.queries as unknown as Kysely<Tables>;
  }

  async tryLock(name: string): Promise<boolean> {
    const { rows } = await sql<{
      locked: boolean;
    }>`select pg_try_advisory_lock(${lockKey(name)}::bigint) as locked`.execute(this.queries);
    return rows[0]?.locked ?? false;
  }

  async unlock(name: string): Promise<void> {
    await sql`select pg_advisory_unlock(${lockKey(name)}::bigint)`.execute(this.queries);
  }

  async listen(channel: string, listener: () => void): Promise<void> {
    this.client.on('notification', (notification) => {
      if (notification.channel === channel) listener();
    });
    await sql`listen ${sql.id(channel)}`.execute(this.queries);
  }

  readonly close = memoised(async () => {
    this.end.abort();
    await this.client.end().catch(() => undefined);
  });
}

function kyselyOver(pool: PostgresPool): Kysely<unknown> {
  return new Kysely<unknown>({ dialect: new PostgresDialect({ pool }) }).withSchema(DATABASE_SCHEMA);
}

function clientConfig(url: string): ClientConfig {
  return {
    connectionString: url,
    application_name: 'ringdown',
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    query_timeout: QUERY_TIMEOUT_MS,
    keepAlive: true,
    keepAliveInitialDelayMillis: 5_000,
    types: {
      // Our 64-bit numbers are milliseconds and counters, far below 2^53; pg would hand them out as text.
      getTypeParser: ((oid: number, format?: 'text' | 'binary') =>
        oid === INT8 && format !== 'binary'
          ? (value: string) => Number(value)
          : types.getTypeParser(oid, format)) as typeof types.getTypeParser,
    },
  };
}

/** pg's pool with errors in our words, and without reusing a connection that broke. */
class ReportingPool implements PostgresPool {
  private readonly wrapped = new WeakMap<PoolClient, BorrowedClient>();
  private failures = 0;

  constructor(
    private readonly pool: Pool,
    logger: Logger,
  ) {
    // A connection serves others than the request that happened to open it.
    pool.on('error', (error) =>
      withoutTrace(() => logger.warn('database connection lost', { reason: messageOf(error) })),
    );
    // The pool listens to idle clients only; an error on a borrowed one would end the process.
    pool.on('connect', (client) => client.on('error', () => undefined));
  }

  async connect(): Promise<BorrowedClient> {
    let client: PoolClient;
    try {
      client = await this.pool.connect();
    } catch (error) {
      throw this.failure(error);
    }
    // Kysely remembers connections by this object: hand out the same one for the same client.
    const known = this.wrapped.get(client);
    if (known) return known;
    let broken = false;
    const wrapper = borrowedClient(
      async (text, parameters) => {
        try {
          return await client.query(text, [...parameters]);
        } catch (error) {
          broken ||= breaksConnection(error);
          throw this.failure(error);
        }
      },
      () => client.release(broken),
    );
    this.wrapped.set(client, wrapper);
    return wrapper;
  }

  end(): Promise<void> {
    return this.pool.end();
  }

  load(): DatabaseLoad {
    const { totalCount: open, idleCount, waitingCount: waiting } = this.pool;
    return { open, inUse: open - idleCount, waiting, failures: this.failures };
  }

  private failure(error: unknown): unknown {
    const translated = translateDatabaseError(error);
    if (isAppError(translated) && translated.code === 'unavailable') this.failures += 1;
    return translated;
  }
}

/** A session's single client as a pool of one: a transaction keeps other users of the session out. */
class SessionConnection implements PostgresPool {
  private readonly mutex = new Mutex();

  constructor(
    private readonly client: Client,
    private readonly onBroken: () => void,
  ) {}

  async connect(): Promise<BorrowedClient> {
    const release = await this.mutex.acquire();
    return borrowedClient(this.query, release);
  }

  end(): Promise<void> {
    return this.client.end();
  }

  private readonly query = async (text: string, parameters: readonly unknown[]) => {
    try {
      return await this.client.query(text, [...parameters]);
    } catch (error) {
      if (breaksConnection(error)) this.onBroken();
      throw translateDatabaseError(error);
    }
  };
}

/** Refuses a server that is too old for our SQL, in one sentence. */
export async function requireServerVersion(database: Database): Promise<void> {
  const { rows } = await sql<{
    version: number;
  }>`select current_setting('server_version_num')::int as version`.execute(database.tables<unknown>());
  const version = rows[0]?.version ?? 0;
  if (version >= 150_000) return;
  throw new AppError(
    'internal',
    `PostgreSQL ${Math.floor(version / 10_000)} is too old: 15 or newer is needed`,
  );
}
