import type { OutboxTables } from '@ringdown/database';
import type { Generated, Kysely } from 'kysely';

/** Columns of jsonb take JSON text and give objects. */
interface AccountRow {
  id: string;
  parent_id: string | null;
  /** Ancestors from the root to the parent. */
  tree: string[];
  name_key: string;
  realm_key: string;
  enabled: boolean;
  superduper_admin: boolean;
  deleted: boolean;
  /** How this account's passwords are hashed; see auth/password-hash. */
  kdf: string;
}

interface DocumentRow {
  /** Order of creation. */
  seq: Generated<number>;
  id: string;
  account_id: string;
  type: string;
  parent_id: string | null;
  doc: string;
  secrets: string;
  revision: number;
  rev: string;
  deleted: boolean;
  created_at: number;
  modified_at: number;
}

interface CredentialRow {
  user_id: string;
  account_id: string;
  username_key: string | null;
  email_key: string | null;
  md5_hash: string | null;
  sha_hash: string | null;
  enabled: boolean;
  priv_level: 'admin' | 'user';
  /** Tokens made under another epoch are void. */
  epoch: number;
  deleted: boolean;
}

interface ApiKeyRow {
  seq: Generated<number>;
  id: string;
  account_id: string;
  name: string | null;
  key_hash: string;
  created_at: number;
  deleted: boolean;
}

interface RevocationRow {
  token_id: string;
  /** Unix seconds. */
  expires_at: number;
}

interface RequestRow {
  key: string;
  fingerprint: string;
  answer: string;
  created_at: number;
}

export interface ObjectTables extends OutboxTables {
  accounts: AccountRow;
  documents: DocumentRow;
  credentials: CredentialRow;
  api_keys: ApiKeyRow;
  revocations: RevocationRow;
  requests: RequestRow;
}

/** The query builder over these tables: of the pool, or of one transaction. */
export type Queries = Kysely<ObjectTables>;
