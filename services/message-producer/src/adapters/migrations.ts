import type { MigrationSet } from '@ringdown/database';
import { sql } from 'kysely';

/** Ids are compared byte by byte, whatever language the database speaks: their order is that of the messages. */
const id = sql`text collate "C"`;

/** The tables of channels, conversations and messages. Forward only; a released step is never changed. */
export const messagingMigrations: MigrationSet = {
  component: 'message-producer',
  migrations: [
    {
      name: 'channels, conversations and messages',
      up: async (db) => {
        await db.schema
          .createTable('messaging_channels')
          .addColumn('id', id, (column) => column.primaryKey())
          .addColumn('account_id', id, (column) => column.notNull())
          .addColumn('source', 'text', (column) => column.notNull())
          .addColumn('source_channel_id', 'text', (column) => column.notNull())
          .addColumn('name', 'text', (column) => column.notNull())
          .addColumn('image_url', 'text')
          .addColumn('connected', 'boolean', (column) => column.notNull())
          .addColumn('callback_url', 'text')
          .addColumn('token', 'text')
          .addColumn('secret', 'text')
          .addColumn('created_at', 'bigint', (column) => column.notNull())
          .execute();
        await db.schema
          .createIndex('messaging_channels_list')
          .on('messaging_channels')
          .columns(['account_id', 'name', 'id'])
          .where(sql.ref('connected'), '=', sql.lit(true))
          .execute();

        await db.schema
          .createTable('messaging_conversations')
          .addColumn('id', id, (column) => column.primaryKey())
          .addColumn('account_id', id, (column) => column.notNull())
          .addColumn('channel_id', id, (column) => column.notNull().references('messaging_channels.id'))
          .addColumn('created_at', 'bigint', (column) => column.notNull())
          .addColumn('metadata', 'jsonb', (column) => column.notNull())
          .addColumn('last_message_id', id)
          .addColumn('read_message_id', id)
          .addColumn('unread_count', 'integer', (column) => column.notNull())
          .addColumn('unread_at', 'bigint', (column) => column.notNull())
          .execute();
        await db.schema
          .createIndex('messaging_conversations_list')
          .on('messaging_conversations')
          .columns(['account_id', 'last_message_id'])
          .execute();

        await db.schema
          .createTable('messaging_contacts')
          .addColumn('conversation_id', id, (column) =>
            column.primaryKey().references('messaging_conversations.id'),
          )
          .addColumn('channel_id', id, (column) => column.notNull())
          .addColumn('source_conversation_id', 'text', (column) => column.notNull())
          .addColumn('display_name', 'text')
          .addColumn('avatar_url', 'text')
          .execute();

        await db.schema
          .createTable('messaging_messages')
          .addColumn('id', id, (column) => column.primaryKey())
          .addColumn('conversation_id', id, (column) =>
            column.notNull().references('messaging_conversations.id'),
          )
          .addColumn('content', 'text', (column) => column.notNull())
          .addColumn('delivery_state', 'text', (column) => column.notNull())
          .addColumn('sender_type', 'text', (column) => column.notNull())
          .addColumn('sender_id', 'text')
          .addColumn('source_message_id', 'text')
          .addColumn('sent_at', 'bigint', (column) => column.notNull())
          .addColumn('attempts', 'integer', (column) => column.notNull())
          .addColumn('failure', 'text')
          .execute();
        await db.schema
          .createIndex('messaging_messages_list')
          .on('messaging_messages')
          .columns(['conversation_id', 'id'])
          .execute();
        await db.schema
          .createIndex('messaging_messages_source_id')
          .unique()
          .on('messaging_messages')
          .columns(['conversation_id', 'source_message_id'])
          .where(sql.ref('source_message_id'), 'is not', null)
          .execute();

        await db.schema
          .createTable('messaging_deliveries')
          .addColumn('message_id', id, (column) => column.primaryKey().references('messaging_messages.id'))
          .addColumn('conversation_id', id, (column) => column.notNull())
          .addColumn('channel_id', id, (column) => column.notNull())
          .addColumn('attempts', 'integer', (column) => column.notNull())
          .addColumn('due_at', 'bigint', (column) => column.notNull())
          .addColumn('lease', 'text')
          .addColumn('lease_until', 'bigint', (column) => column.notNull())
          .execute();
        await db.schema
          .createIndex('messaging_deliveries_due')
          .on('messaging_deliveries')
          .column('due_at')
          .execute();
        await db.schema
          .createIndex('messaging_deliveries_order')
          .on('messaging_deliveries')
          .columns(['conversation_id', 'message_id'])
          .execute();
      },
    },
    {
      name: 'tags',
      up: async (db) => {
        await db.schema
          .createTable('messaging_tags')
          .addColumn('id', id, (column) => column.primaryKey())
          .addColumn('account_id', id, (column) => column.notNull())
          .addColumn('name', 'text', (column) => column.notNull())
          .addColumn('color', 'text', (column) => column.notNull())
          .addColumn('created_at', 'bigint', (column) => column.notNull())
          .execute();
        await db.schema
          .createIndex('messaging_tags_list')
          .on('messaging_tags')
          .columns(['account_id', 'name', 'id'])
          .execute();
        await db.schema
          .createTable('messaging_conversation_tags')
          .addColumn('conversation_id', id, (column) =>
            column.notNull().references('messaging_conversations.id'),
          )
          .addColumn('tag_id', id, (column) =>
            column.notNull().references('messaging_tags.id').onDelete('cascade'),
          )
          .addPrimaryKeyConstraint('messaging_conversation_tags_pkey', ['conversation_id', 'tag_id'])
          .execute();
        await db.schema
          .createIndex('messaging_conversation_tags_tag')
          .on('messaging_conversation_tags')
          .column('tag_id')
          .execute();
      },
    },
    {
      name: 'visitors and request ids',
      up: async (db) => {
        await db.schema
          .createTable('messaging_sessions')
          .addColumn('token_hash', 'text', (column) => column.primaryKey())
          .addColumn('account_id', id, (column) => column.notNull())
          .addColumn('channel_id', id, (column) => column.notNull())
          .addColumn('conversation_id', id, (column) => column.notNull())
          .addColumn('source_conversation_id', 'text', (column) => column.notNull())
          .addColumn('expires_at', 'bigint', (column) => column.notNull())
          .execute();
        await db.schema
          .createIndex('messaging_sessions_age')
          .on('messaging_sessions')
          .column('expires_at')
          .execute();
        await db.schema
          .createTable('messaging_requests')
          .addColumn('request_id', 'text', (column) => column.primaryKey())
          .addColumn('fingerprint', 'text', (column) => column.notNull())
          .addColumn('answer', 'jsonb', (column) => column.notNull())
          .addColumn('created_at', 'bigint', (column) => column.notNull())
          .execute();
        await db.schema
          .createIndex('messaging_requests_age')
          .on('messaging_requests')
          .column('created_at')
          .execute();
      },
    },
  ],
};
