import { RequestRepository, transactionsOf, type Database, type Transact } from '@ringdown/database';
import type { Stores } from '../ports';
import { AccountRepository } from './account-repository';
import { ApiKeyRepository } from './api-key-repository';
import { CredentialRepository } from './credential-repository';
import { DocumentRepository } from './document-repository';
import { EndpointRepository } from './endpoint-repository';
import { IdentityRepository } from './identity-repository';
import type { Queries } from './tables';

/** Every repository over one query builder: the pool's, or a transaction's. */
export function repositoriesOver(db: Queries): Stores {
  return {
    accounts: new AccountRepository(db),
    apiKeys: new ApiKeyRepository(db),
    credentials: new CredentialRepository(db),
    documents: new DocumentRepository(db),
    endpoints: new EndpointRepository(db),
    identity: new IdentityRepository(db),
    requests: new RequestRepository(db, { table: 'requests', key: 'key' }),
  };
}

/** Transactions over all repositories and the outbox. */
export function transactions(database: Database): Transact<Stores> {
  return transactionsOf(database, repositoriesOver);
}
