import { randomHex } from '@ringdown/core';
import { Client } from 'pg';
import { onTeardown } from './teardown';

/** A database of its own on a shared PostgreSQL. */
export interface TestDatabase {
  readonly name: string;
  readonly url: string;
  /** Runs one statement on a connection of its own and returns the rows. */
  query<Row = Record<string, unknown>>(sql: string, values?: readonly unknown[]): Promise<Row[]>;
  /** Drops the database, closing connections to it. Idempotent. */
  drop(): Promise<void>;
}

/** Makes a database with a unique name. Dropped at the end of the spec file at the latest. */
export async function createTestDatabase(serverUrl: string = databaseServerUrl()): Promise<TestDatabase> {
  const name = `test_${randomHex(12)}`;
  await run(serverUrl, `CREATE DATABASE ${name}`);
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  const drop = async (): Promise<void> => {
    forget();
    await run(serverUrl, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
  };
  const forget = onTeardown(drop);
  return {
    name,
    url: url.toString(),
    query: <Row>(sql: string, values?: readonly unknown[]) => run<Row>(url.toString(), sql, values),
    drop,
  };
}

/** The PostgreSQL of this run. Errors when there is none: guard the suite with `describeWithPostgres`. */
export function databaseServerUrl(): string {
  const url = process.env['RINGDOWN_TEST_DATABASE_URL'];
  if (!url) throw new Error('RINGDOWN_TEST_DATABASE_URL is not set');
  return url;
}

async function run<Row>(url: string, sql: string, values: readonly unknown[] = []): Promise<Row[]> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 15_000 });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query(sql, [...values])).rows as Row[];
  } finally {
    await client.end();
  }
}
