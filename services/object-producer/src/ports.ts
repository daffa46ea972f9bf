import type { DescribeRequest, Endpoint, ListQuery, PrincipalState, Revocation } from '@ringdown/contracts';
import type { RequestStore } from '@ringdown/database';
import type { Account, AccountNames } from './domain/account';
import type { ApiKey } from './domain/api-key';
import type { Credential, PasswordHashes } from './domain/credential';
import type { StoredDocument } from './domain/document';

/** Which documents are meant. `parentId` is given for types that live under another. */
export interface DocumentScope {
  readonly accountId: string;
  readonly type: string;
  readonly parentId?: string | undefined;
}

/** What a list needs of a document. */
export type ListedDocument = Pick<StoredDocument, 'id' | 'doc' | 'deleted'>;

/** One page of a list. It may end before `pageSize` when its documents are large; `nextStartKey` says where to go on. */
export interface DocumentPage {
  readonly documents: readonly ListedDocument[];
  readonly pageSize: number;
  readonly nextStartKey: string | undefined;
}

export interface ApiKeyPage {
  readonly keys: readonly ApiKey[];
  readonly pageSize: number;
  readonly nextStartKey: string | undefined;
}

/** Documents. Deleted ones, and those of deleted accounts or parents, are not there for a reader. */
export interface DocumentStore {
  insert(document: StoredDocument): Promise<void>;
  update(document: StoredDocument): Promise<void>;
  /** Errors: `not_found`. With `lock`, nobody else changes the document before this transaction ends. */
  get(scope: DocumentScope, id: string, options?: { lock?: boolean }): Promise<StoredDocument>;
  exists(scope: DocumentScope, id: string): Promise<boolean>;
  /** In the order of creation. Errors: `validation_failed` for a start key that is none. */
  list(scope: DocumentScope, query: ListQuery): Promise<DocumentPage>;
  /** Account documents below an account: its children or the whole subtree. */
  listAccounts(accountId: string, scope: 'children' | 'descendants', query: ListQuery): Promise<DocumentPage>;
}

/** Accounts that exist; deleted ones are as good as unknown. */
export interface AccountStore {
  /** Errors: `validation_failed` when name or realm is taken. */
  insert(account: Account, names: AccountNames): Promise<void>;
  /** Errors: `validation_failed` when name or realm is taken. */
  rename(id: string, names: AccountNames): Promise<void>;
  markDeleted(id: string): Promise<void>;
  /**
   * Errors: `not_found`. `share` keeps the account from being deleted until the transaction ends, `update` keeps
   * children from being made as well.
   */
  get(id: string, lock?: 'share' | 'update'): Promise<Account>;
  root(): Promise<Account | undefined>;
  hasChildren(id: string): Promise<boolean>;
  treesOf(ids: readonly string[]): Promise<ReadonlyMap<string, readonly string[]>>;
  /** The account whose user logs in by this address (its key). */
  findByLoginEmail(email: string): Promise<Account | undefined>;
  findByName(name: string): Promise<Account | undefined>;
  findByRealm(realm: string): Promise<Account | undefined>;
  /** The account one of whose callflows answers the number; undefined also when several claim it. */
  findByPhoneNumber(number: string): Promise<Account | undefined>;
}

/** Logins of users that exist. */
export interface CredentialStore {
  /** Errors: `validation_failed` when the username is taken in the account, or the address anywhere. */
  insert(credential: Credential): Promise<void>;
  /** Errors: `validation_failed` when the username is taken in the account, or the address anywhere. */
  update(credential: Credential): Promise<void>;
  markDeleted(userId: string): Promise<void>;
  /** The addresses of the account's users are free for others. */
  releaseEmails(accountId: string): Promise<void>;
  /** Voids every token of the account's users. */
  raiseEpochs(accountId: string): Promise<void>;
  get(userId: string, options?: { lock?: boolean }): Promise<Credential | undefined>;
  findByUsername(accountId: string, username: string): Promise<Credential | undefined>;
  /** By the address as its key. */
  findByEmail(email: string): Promise<Credential | undefined>;
  /** By a hash that only who knows username and password can name. */
  findByHash(accountId: string, form: keyof PasswordHashes, hash: string): Promise<Credential | undefined>;
}

/** Keys that exist. */
export interface ApiKeyStore {
  insert(key: ApiKey, hash: string): Promise<void>;
  replaceHash(id: string, hash: string): Promise<void>;
  /** Errors: `not_found`. */
  delete(accountId: string, id: string): Promise<ApiKey>;
  findByHash(hash: string): Promise<ApiKey | undefined>;
  /** In the order of creation. Of the query only paging counts. */
  list(accountId: string, query: ListQuery): Promise<ApiKeyPage>;
}

/** Which endpoints are meant: of one account or of all, behind a device id. */
export interface EndpointScope {
  readonly accountId: string | undefined;
  readonly after: string | undefined;
  readonly limit: number;
}

/** Devices with a SIP username, of accounts that exist. */
export interface EndpointStore {
  /** By device id; at most `limit`. */
  list(scope: EndpointScope): Promise<readonly Endpoint[]>;
}

/** Questions of the gateways: who is this, and which tokens are void. */
export interface IdentityStore {
  describe(request: DescribeRequest): Promise<PrincipalState>;
  revoke(revocation: Revocation): Promise<void>;
  revocationsAfter(unixSeconds: number): Promise<readonly Revocation[]>;
  /** Forgets at most `limit` of tokens that have expired, and says how many. */
  forgetRevocations(unixSeconds: number, limit: number): Promise<number>;
}

/** All stores: outside a transaction, or inside one. */
export interface Stores {
  readonly accounts: AccountStore;
  readonly apiKeys: ApiKeyStore;
  readonly credentials: CredentialStore;
  readonly documents: DocumentStore;
  readonly endpoints: EndpointStore;
  readonly identity: IdentityStore;
  /** By request id and idempotency key. */
  readonly requests: RequestStore;
}
