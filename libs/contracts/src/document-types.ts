/** A kind of document: what REST, events and bindings call it. */
export interface DocumentType {
  /** In bindings, routing keys and the body of events. */
  readonly type: string;
  /** In REST paths: `/v2/accounts/{ACCOUNT_ID}/{resource}`; for `account` the account itself. */
  readonly resource: string;
  /** The type a document lives under, when not directly under the account. */
  readonly parent?: string;
  /** Kazoo keeps these in one database per month; only visible in `database` and in subscription keys. */
  readonly monthly: boolean;
  /** False: can be subscribed to, but Kazoo's catalogue of websocket bindings does not list it. */
  readonly catalogued?: false;
}

/** In the order in which Kazoo's catalogue of websocket bindings lists them; behind it the others. */
export const documentTypes = [
  { type: 'account', resource: 'accounts', monthly: false },
  { type: 'callflow', resource: 'callflows', monthly: false },
  { type: 'device', resource: 'devices', monthly: false },
  { type: 'faxbox', resource: 'faxboxes', monthly: false },
  { type: 'media', resource: 'media', monthly: false },
  { type: 'user', resource: 'users', monthly: false },
  { type: 'vmbox', resource: 'vmboxes', monthly: false },
  { type: 'fax', resource: 'faxes', monthly: true },
  { type: 'mailbox_message', resource: 'messages', parent: 'vmbox', monthly: true },
  { type: 'call_recording', resource: 'recordings', monthly: false },
  { type: 'group', resource: 'groups', monthly: false, catalogued: false },
] as const satisfies readonly DocumentType[];

export type DocumentTypeName = (typeof documentTypes)[number]['type'];

export function isDocumentTypeName(word: string | undefined): word is DocumentTypeName {
  return documentTypes.some(({ type }) => type === word);
}

/** Undefined for an unknown resource. Of `messages`, whose path is `vmboxes/{VMBOX_ID}/messages`, too. */
export function documentTypeOfResource(resource: string): DocumentType | undefined {
  return documentTypes.find((entry) => entry.resource === resource);
}

/** Undefined for an unknown type. */
export function documentTypeNamed(type: string): DocumentType | undefined {
  return documentTypes.find((entry) => entry.type === type);
}

/**
 * Name of the database that Kazoo would keep a document in, encoded as it appears in events: a fixed one per account, or
 * one per account and month.
 */
export function databaseName(accountId: string, type: string, atMs: number): string {
  if (documentTypeNamed(type)?.monthly === true) {
    const month = new Date(atMs).toISOString().slice(0, 7).replace('-', '');
    return `${accountId}-${month}`;
  }
  return `account%2F${accountId.slice(0, 2)}%2F${accountId.slice(2, 4)}%2F${accountId.slice(4)}`;
}
