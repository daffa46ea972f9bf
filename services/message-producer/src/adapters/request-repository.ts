import type { RememberedAnswer, RequestStore } from '../ports';
import type { Queries } from './tables';

/** Answers by request id, written in the transaction they answer. */
export class RequestRepository implements RequestStore {
  constructor(private readonly db: Queries) {}

  async remember(requestId: string, remembered: RememberedAnswer, nowMs: number): Promise<boolean> {
    const written = await this.db
      .insertInto('messaging_requests')
      .values({
        request_id: requestId,
        fingerprint: remembered.fingerprint,
        answer: JSON.stringify(remembered.answer),
        created_at: nowMs,
      })
      .onConflict((conflict) => conflict.column('request_id').doNothing())
      .returning('request_id')
      .executeTakeFirst();
    return written !== undefined;
  }

  async find(requestId: string): Promise<RememberedAnswer | undefined> {
    return this.db
      .selectFrom('messaging_requests')
      .select(['fingerprint', 'answer'])
      .where('request_id', '=', requestId)
      .executeTakeFirst();
  }

  async forgetBefore(ms: number, limit: number): Promise<number> {
    const { numDeletedRows } = await this.db
      .deleteFrom('messaging_requests')
      .where('request_id', 'in', ({ selectFrom }) =>
        selectFrom('messaging_requests')
          .select('request_id')
          .where('created_at', '<=', ms)
          .limit(limit)
          .forUpdate()
          .skipLocked(),
      )
      .executeTakeFirst();
    return Number(numDeletedRows);
  }
}
