import { AccountRepository } from './account-repository';
import { ApiKeyRepository } from './api-key-repository';
import { CredentialRepository } from './credential-repository';
import { DocumentRepository } from './document-repository';
import { IdentityRepository } from './identity-repository';
import { RequestRepository } from './request-repository';
import type { Queries } from './tables';

/** Every repository over one query builder: the pool's, or a transaction's. */
export interface Repositories {
  readonly accounts: AccountRepository;
  readonly apiKeys: ApiKeyRepository;
  readonly credentials: CredentialRepository;
  readonly documents: DocumentRepository;
  readonly identity: IdentityRepository;
  readonly requests: RequestRepository;
}

export function repositoriesOver(db: Queries): Repositories {
  return {
    accounts: new AccountRepository(db),
    apiKeys: new ApiKeyRepository(db),
    credentials: new CredentialRepository(db),
    documents: new DocumentRepository(db),
    identity: new IdentityRepository(db),
    requests: new RequestRepository(db),
  };
}
