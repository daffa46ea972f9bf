import { DATABASE_SCHEMA, type MigrationSet } from '@ringdown/database';
import { sql, type RawBuilder, type SqlBool } from 'kysely';

/** Names of the unique indexes, by which a refused row tells its reason. */
export const UNIQUE_ACCOUNT_NAME = 'accounts_name_unique';
export const UNIQUE_ACCOUNT_REALM = 'accounts_realm_unique';
export const UNIQUE_USERNAME = 'credentials_username_unique';
export const UNIQUE_EMAIL = 'credentials_email_unique';

/** Condition of a partial index, word for word as queries must write it to be served by the index. */
export const HAS_SIP_USERNAME = `doc #>> '{sip,username}' is not null`;

/** In SQL of our own; the query builder knows the schema. */
const table = (name: string): RawBuilder<unknown> => sql.id(DATABASE_SCHEMA, name);

/** The tables of accounts, documents and logins. Forward only; a released step is never changed. */
export const objectMigrations: MigrationSet = {
  component: 'object-producer',
  migrations: [
    {
      name: 'accounts and documents',
      up: async (db) => {
        await db.schema
          .createTable('accounts')
          .addColumn('id', 'text', (column) => column.primaryKey())
          .addColumn('parent_id', 'text')
          .addColumn('tree', sql`text[]`, (column) => column.notNull())
          .addColumn('name_key', 'text', (column) => column.notNull())
          .addColumn('realm_key', 'text', (column) => column.notNull())
          .addColumn('enabled', 'boolean', (column) => column.notNull())
          .addColumn('superduper_admin', 'boolean', (column) => column.notNull())
          .addColumn('deleted', 'boolean', (column) => column.notNull())
          .addColumn('kdf', 'text', (column) => column.notNull())
          .execute();
        await db.schema
          .createIndex(UNIQUE_ACCOUNT_NAME)
          .unique()
          .on('accounts')
          .column('name_key')
          .where(sql.ref('deleted'), '=', sql.lit(false))
          .execute();
        await db.schema
          .createIndex(UNIQUE_ACCOUNT_REALM)
          .unique()
          .on('accounts')
          .column('realm_key')
          .where(sql.ref('deleted'), '=', sql.lit(false))
          .execute();
        await db.schema.createIndex('accounts_parent').on('accounts').column('parent_id').execute();
        await db.schema.createIndex('accounts_tree').on('accounts').using('gin').column('tree').execute();

        await db.schema
          .createTable('documents')
          .addColumn('seq', 'bigserial', (column) => column.notNull().unique())
          .addColumn('id', 'text', (column) => column.primaryKey())
          .addColumn('account_id', 'text', (column) => column.notNull().references('accounts.id'))
          .addColumn('type', 'text', (column) => column.notNull())
          .addColumn('parent_id', 'text')
          .addColumn('doc', 'jsonb', (column) => column.notNull())
          .addColumn('secrets', 'jsonb', (column) => column.notNull())
          .addColumn('revision', 'integer', (column) => column.notNull())
          .addColumn('rev', 'text', (column) => column.notNull())
          .addColumn('deleted', 'boolean', (column) => column.notNull())
          .addColumn('created_at', 'bigint', (column) => column.notNull())
          .addColumn('modified_at', 'bigint', (column) => column.notNull())
          .execute();
        await db.schema
          .createIndex('documents_list')
          .on('documents')
          .columns(['account_id', 'type', 'seq'])
          .where(sql.ref('deleted'), '=', sql.lit(false))
          .execute();
        await db.schema
          .createIndex('documents_parent')
          .on('documents')
          .columns(['parent_id', 'seq'])
          .where(sql.ref('parent_id'), 'is not', null)
          .execute();
        await db.schema
          .createIndex('documents_callflow_doc')
          .on('documents')
          .using('gin')
          .expression(sql`doc jsonb_path_ops`)
          .where(sql.ref('type'), '=', sql.lit('callflow'))
          .execute();
      },
    },
    {
      name: 'logins',
      up: async (db) => {
        await db.schema
          .createTable('credentials')
          .addColumn('user_id', 'text', (column) => column.primaryKey())
          .addColumn('account_id', 'text', (column) => column.notNull().references('accounts.id'))
          .addColumn('username_key', 'text')
          .addColumn('md5_hash', 'text')
          .addColumn('sha_hash', 'text')
          .addColumn('enabled', 'boolean', (column) => column.notNull())
          .addColumn('priv_level', 'text', (column) => column.notNull())
          .addColumn('epoch', 'integer', (column) => column.notNull())
          .addColumn('deleted', 'boolean', (column) => column.notNull())
          .execute();
        await db.schema
          .createIndex(UNIQUE_USERNAME)
          .unique()
          .on('credentials')
          .columns(['account_id', 'username_key'])
          .where(sql.ref('deleted'), '=', sql.lit(false))
          .execute();
        for (const column of ['md5_hash', 'sha_hash'] as const) {
          await db.schema
            .createIndex(`credentials_${column}`)
            .on('credentials')
            .columns(['account_id', column])
            .execute();
        }

        await db.schema
          .createTable('api_keys')
          .addColumn('seq', 'bigserial', (column) => column.notNull().unique())
          .addColumn('id', 'text', (column) => column.primaryKey())
          .addColumn('account_id', 'text', (column) => column.notNull().references('accounts.id'))
          .addColumn('name', 'text')
          .addColumn('key_hash', 'text', (column) => column.notNull().unique())
          .addColumn('created_at', 'bigint', (column) => column.notNull())
          .addColumn('deleted', 'boolean', (column) => column.notNull())
          .execute();
        await db.schema.createIndex('api_keys_list').on('api_keys').columns(['account_id', 'seq']).execute();

        await db.schema
          .createTable('revocations')
          .addColumn('token_id', 'text', (column) => column.primaryKey())
          .addColumn('expires_at', 'bigint', (column) => column.notNull())
          .execute();
      },
    },
    {
      name: 'request ids',
      up: async (db) => {
        await db.schema
          .createTable('requests')
          .addColumn('key', 'text', (column) => column.notNull())
          .addColumn('fingerprint', 'text', (column) => column.notNull())
          .addColumn('answer', 'jsonb', (column) => column.notNull())
          .addColumn('created_at', 'bigint', (column) => column.notNull())
          .addPrimaryKeyConstraint('requests_pkey', ['key'])
          .execute();
        await db.schema.createIndex('requests_age').on('requests').column('created_at').execute();
      },
    },
    {
      name: 'endpoints',
      up: async (db) => {
        await db.schema
          .createIndex('documents_endpoints')
          .on('documents')
          .columns(['id'])
          .where(sql.ref('type'), '=', sql.lit('device'))
          .where(sql.ref('deleted'), '=', sql.lit(false))
          .where(sql<SqlBool>`${sql.raw(HAS_SIP_USERNAME)}`)
          .execute();
      },
    },
    {
      name: 'logins by e-mail',
      up: async (db) => {
        await db.schema.alterTable('credentials').addColumn('email_key', 'text').execute();
        // Of several logins with one address the oldest gets it; the others go on logging in by their username.
        await sql`
          update ${table('credentials')} as logins
          set email_key = oldest.email_key
          from (
            select distinct on (email_key) email_key, user_id
            from (
              select lower((documents.doc ->> 'email') collate "C") as email_key, credentials.user_id, documents.seq
              from ${table('credentials')} as credentials
              join ${table('documents')} as documents on documents.id = credentials.user_id
              join ${table('accounts')} as accounts on accounts.id = credentials.account_id
              where not credentials.deleted and credentials.md5_hash is not null
                and not documents.deleted and not accounts.deleted
                and jsonb_typeof(documents.doc -> 'email') = 'string'
            ) as candidates
            order by email_key, seq
          ) as oldest
          where logins.user_id = oldest.user_id`.execute(db);
        await db.schema
          .createIndex(UNIQUE_EMAIL)
          .unique()
          .on('credentials')
          .column('email_key')
          .where(sql.ref('deleted'), '=', sql.lit(false))
          .execute();
      },
    },
  ],
};
