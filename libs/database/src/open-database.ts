import type { Logger } from '@ringdown/core';
import type { Database } from './database';
import { openPglite } from './pglite-database';
import { openPostgres } from './postgres-database';

export interface OpenDatabaseOptions {
  /** A PostgreSQL server. */
  readonly url?: string | undefined;
  /** Where PGlite keeps its files when there is no `url`. Neither of them: in memory. */
  readonly dataDir?: string | undefined;
  readonly logger: Logger;
  /** Connections to the server. Default 10, per instance. */
  readonly poolSize?: number | undefined;
}

/**
 * The database the settings ask for. A server is not contacted yet: it may be away and come later. Errors: `conflict`
 * when another process uses `dataDir`.
 */
export function openDatabase(options: OpenDatabaseOptions): Promise<Database> {
  const { url, dataDir, logger, poolSize } = options;
  if (url !== undefined) {
    return Promise.resolve(openPostgres({ url, logger, ...(poolSize === undefined ? {} : { poolSize }) }));
  }
  return openPglite({ logger, ...(dataDir === undefined ? {} : { dataDir }) });
}
