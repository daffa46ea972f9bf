import type { Kysely } from 'kysely';
import type { Database } from '../database';
import { enqueue, type OutboxEntry } from '../outbox/enqueue';
import type { OutboxTables } from '../outbox/outbox-table';

/** Runs work in a transaction, which commits when the work resolves and is undone when it throws. */
export type Transact<Stores> = <T>(
  work: (
    stores: Stores,
    enqueue: (entries: readonly OutboxEntry[], nowMs: number) => Promise<void>,
  ) => Promise<T>,
) => Promise<T>;

/** Transactions over a service's stores and the outbox. */
export function transactionsOf<Tables extends OutboxTables, Stores>(
  database: Database,
  storesOver: (db: Kysely<Tables>) => Stores,
): Transact<Stores> {
  return (work) =>
    database
      .tables<Tables>()
      .transaction()
      .execute((trx) => work(storesOver(trx), (entries, nowMs) => enqueue<Tables>(trx, entries, nowMs)));
}
