import type { PublicDocument } from '@ringdown/contracts';

/** Where documents of one type are. */
export interface Shelf {
  readonly accountId: string;
  readonly type: string;
  /** The vmbox of mailbox messages. */
  readonly parentId?: string;
}

/** The documents of the system, as the simulator works with them; errors are those of object-producer. */
export interface Documents {
  root(): Promise<{ readonly account_id: string; readonly name: string; readonly realm?: string }>;
  /** The id of the new document. */
  create(shelf: Shelf, data: Readonly<Record<string, unknown>>): Promise<string>;
  merge(shelf: Shelf, id: string, patch: Readonly<Record<string, unknown>>): Promise<void>;
  remove(shelf: Shelf, id: string): Promise<void>;
  get(shelf: Shelf, id: string): Promise<PublicDocument>;
  /** All that match, page by page. `filter`: dotted path -> exact text. */
  list(shelf: Shelf, filter: Readonly<Record<string, string>>): Promise<readonly PublicDocument[]>;
  createAccount(parentId: string, data: Readonly<Record<string, unknown>>): Promise<string>;
  listAccounts(
    parentId: string,
    filter: Readonly<Record<string, string>>,
  ): Promise<readonly PublicDocument[]>;
}
