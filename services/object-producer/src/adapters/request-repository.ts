import type { RememberedAnswer, RequestStore } from '../ports';
import type { Queries } from './tables';

/** Answers by request id and idempotency key, written in the transaction they answer. */
export class RequestRepository implements RequestStore {
  constructor(private readonly db: Queries) {}

  /** False, without an error, when one of the keys was answered after `sinceMs`; the caller must then roll back. */
  async remember(
    keys: readonly string[],
    remembered: RememberedAnswer,
    nowMs: number,
    sinceMs: number,
  ): Promise<boolean> {
    if (keys.length === 0) return true;
    const { fingerprint } = remembered;
    const answer = JSON.stringify(remembered.answer);
    const written = await this.db
      .insertInto('requests')
      .values(keys.map((key) => ({ key, fingerprint, answer, created_at: nowMs })))
      .onConflict((conflict) =>
        conflict
          .column('key')
          .doUpdateSet(({ ref }) => ({
            fingerprint: ref('excluded.fingerprint'),
            answer: ref('excluded.answer'),
            created_at: ref('excluded.created_at'),
          }))
          .where('requests.created_at', '<=', sinceMs),
      )
      .returning('key')
      .execute();
    return written.length === keys.length;
  }

  /** The answer under the first key that has one. */
  async find(keys: readonly string[], sinceMs: number): Promise<RememberedAnswer | undefined> {
    if (keys.length === 0) return undefined;
    const rows = await this.db
      .selectFrom('requests')
      .select(['key', 'fingerprint', 'answer'])
      .where('key', 'in', keys)
      .where('created_at', '>', sinceMs)
      .execute();
    for (const key of keys) {
      const row = rows.find((candidate) => candidate.key === key);
      if (row) return row;
    }
    return undefined;
  }

  /** Forgets at most `limit` answers and says how many. Replicas doing it at once do not wait for each other. */
  async forgetBefore(ms: number, limit: number): Promise<number> {
    const { numDeletedRows } = await this.db
      .deleteFrom('requests')
      .where('key', 'in', (eb) =>
        eb
          .selectFrom('requests')
          .select('key')
          .where('created_at', '<=', ms)
          .limit(limit)
          .forUpdate()
          .skipLocked(),
      )
      .executeTakeFirst();
    return Number(numDeletedRows);
  }
}
