import type { PostgresPool } from 'kysely';

/** A borrowed connection as Kysely's PostgreSQL dialect wants it. */
export type BorrowedClient = Awaited<ReturnType<PostgresPool['connect']>>;

/**
 * Makes one from its two verbs. Kysely types `query` as an overload that also takes cursors, which it uses only for
 * streaming; nobody streams here.
 */
export function borrowedClient(
  query: (text: string, parameters: readonly unknown[]) => Promise<unknown>,
  release: () => void,
): BorrowedClient {
  return { query, release } as unknown as BorrowedClient;
}
