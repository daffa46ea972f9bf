import type { Generated } from 'kysely';
import type { MigrationSet } from '../migrate';

/** Messages committed together with the data they tell about, waiting to be published. */
export interface OutboxTables {
  outbox: {
    id: Generated<number>;
    /** Before all others: decides about access. */
    urgent: boolean;
    /** Messages with the same key leave in order. */
    order_key: string;
    exchange: string;
    routing_key: string;
    message_id: string | null;
    type: string | null;
    app_id: string | null;
    content_type: string | null;
    /** JSON text going in, an object coming out. */
    headers: string;
    timestamp_ms: number | null;
    body: Uint8Array;
    /** Unix milliseconds. */
    created_at: number;
  };
}

export const outboxMigrations: MigrationSet = {
  component: 'outbox',
  migrations: [
    {
      name: 'outbox',
      up: async (db) => {
        await db.schema
          .createTable('outbox')
          .addColumn('id', 'bigserial', (column) => column.primaryKey())
          .addColumn('urgent', 'boolean', (column) => column.notNull())
          .addColumn('order_key', 'text', (column) => column.notNull())
          .addColumn('exchange', 'text', (column) => column.notNull())
          .addColumn('routing_key', 'text', (column) => column.notNull())
          .addColumn('message_id', 'text')
          .addColumn('type', 'text')
          .addColumn('app_id', 'text')
          .addColumn('content_type', 'text')
          .addColumn('headers', 'jsonb', (column) => column.notNull())
          .addColumn('timestamp_ms', 'bigint')
          .addColumn('body', 'bytea', (column) => column.notNull())
          .addColumn('created_at', 'bigint', (column) => column.notNull())
          .execute();
        await db.schema.createIndex('outbox_next').on('outbox').columns(['urgent desc', 'id']).execute();
      },
    },
  ],
};
