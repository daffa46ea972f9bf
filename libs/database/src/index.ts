export {
  DATABASE_SCHEMA,
  type Database,
  type DatabaseLoad,
  type Session,
  type SessionOptions,
} from './database';
export { openDatabase, type OpenDatabaseOptions } from './open-database';
export { lockDataDir, type DataDirLock } from './data-dir-lock';
export { withAdvisoryLock } from './advisory-lock';
export { migrate, type Migration, type MigrationSet } from './migrate';
export { translateDatabaseError, violatedConstraint } from './errors';
export { DatabaseHealth } from './database-health';
export { enqueue, type OutboxEntry } from './outbox/enqueue';
export {
  OutboxDrainer,
  type OutboxDrainerOptions,
  type OutboxPublisher,
  type OutboxStats,
} from './outbox/outbox-drainer';
export { outboxMigrations, type OutboxTables } from './outbox/outbox-table';
export { Schema } from './schema';
export { Janitor, type Chore } from './janitor';
export { forgetRows, type OldRows } from './forget-rows';
export { transactionsOf, type Transact } from './writes/transact';
export { RequestWriter, type WriteIdentity, type WriteUnit } from './writes/request-writer';
export { RequestRepository, type RequestStore } from './writes/request-store';
