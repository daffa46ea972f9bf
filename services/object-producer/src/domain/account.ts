/** An account's place in the tree and what logins need of it. Its name as written is in its document. */
export interface Account {
  readonly id: string;
  readonly parentId: string | undefined;
  /** Ancestors from the root to the parent. */
  readonly tree: readonly string[];
  readonly enabled: boolean;
  readonly superduperAdmin: boolean;
  /** How its passwords are hashed. */
  readonly kdf: string;
}

/** What an account goes by. */
export interface AccountNames {
  readonly name: string;
  readonly realm: string;
  readonly enabled: boolean;
}
