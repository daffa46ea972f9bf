import { enqueue, type Database } from '@ringdown/database';
import type { Stores, Transact } from '../ports';
import { AccountRepository } from './account-repository';
import { ApiKeyRepository } from './api-key-repository';
import { CredentialRepository } from './credential-repository';
import { DocumentRepository } from './document-repository';
import { EndpointRepository } from './endpoint-repository';
import { IdentityRepository } from './identity-repository';
import { RequestRepository } from './request-repository';
import type { ObjectTables, Queries } from './tables';

/** Every repository over one query builder: the pool's, or a transaction's. */
export function repositoriesOver(db: Queries): Stores {
  return {
    accounts: new AccountRepository(db),
    apiKeys: new ApiKeyRepository(db),
    credentials: new CredentialRepository(db),
    documents: new DocumentRepository(db),
    endpoints: new EndpointRepository(db),
    identity: new IdentityRepository(db),
    requests: new RequestRepository(db),
  };
}

/** Transactions over all repositories and the outbox. */
export function transactionsOf(database: Database): Transact {
  return (work) =>
    database
      .tables<ObjectTables>()
      .transaction()
      .execute((trx) =>
        work(repositoriesOver(trx), (entries, nowMs) => enqueue<ObjectTables>(trx, entries, nowMs)),
      );
}
