import type { WireMessage } from '@ringdown/contracts';
import { currentTrace } from '@ringdown/core';
import type { Kysely } from 'kysely';
import type { OutboxTables } from './outbox-table';

/** One message of a transaction. */
export interface OutboxEntry {
  readonly message: WireMessage;
  /** Messages with the same key leave in the order in which their transactions committed; for example a document id. */
  readonly orderKey: string;
  /** Leaves before everything that is not urgent. */
  readonly urgent?: boolean;
}

/**
 * Adds messages to the transaction. The writer must hold a lock on the thing behind `orderKey` (the row it changes):
 * ids are given out before the commit, and only the lock makes their order the order of the commits.
 * Call the drainer's `kick` after the commit.
 */
export async function enqueue<Tables extends OutboxTables>(
  transaction: Kysely<Tables>,
  entries: readonly OutboxEntry[],
  nowMs: number,
): Promise<void> {
  if (entries.length === 0) return;
  // It is published later and by another process: what it is the consequence of goes along in its headers.
  const trace = currentTrace();
  const origin = {
    ...(trace === undefined ? {} : { request_id: trace.requestId }),
    ...(trace?.traceparent === undefined ? {} : { traceparent: trace.traceparent }),
  };
  await (transaction as unknown as Kysely<OutboxTables>)
    .insertInto('outbox')
    .values(
      entries.map(({ message, orderKey, urgent }) => ({
        urgent: urgent ?? false,
        order_key: orderKey,
        exchange: message.exchange,
        routing_key: message.routingKey,
        message_id: message.messageId ?? null,
        type: message.type ?? null,
        app_id: message.appId ?? null,
        content_type: message.contentType ?? null,
        headers: JSON.stringify({ ...origin, ...message.headers }),
        timestamp_ms: message.timestampMs ?? null,
        body: message.body,
        created_at: nowMs,
      })),
    )
    .execute();
}
