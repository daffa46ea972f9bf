import {
  databaseName,
  encodeEvent,
  faxObjectRoutingKey,
  objectRoutingKey,
  type WireMessage,
} from '@ringdown/contracts';
import { newMessageId, toGregorianSeconds, type JsonObject } from '@ringdown/core';
import { typeNamed, type StoredDocument } from './document';

/** What happened to a document. */
export type DocumentAction = 'doc_created' | 'doc_edited' | 'doc_deleted';

/** What events show of a document: its id and the members its type lists. */
export function eventPart(document: Pick<StoredDocument, 'id' | 'type' | 'doc'>): JsonObject {
  const shown = typeNamed(document.type)
    .eventMembers.filter((member) => Object.hasOwn(document.doc, member))
    .map((member) => [member, document.doc[member]]);
  return { id: document.id, ...Object.fromEntries(shown) };
}

/**
 * The messages of one change, in the form of Kazoo's configuration events. A fax is announced in two families, under one
 * message id, so that who hears both can tell that it is one change.
 */
export function documentMessages(
  document: StoredDocument,
  action: DocumentAction,
  nowMs: number,
): readonly WireMessage[] {
  const { id, type, accountId, rev } = document;
  const messageId = newMessageId(nowMs);
  const draft = {
    name: action,
    accountId,
    messageId,
    timestampMs: nowMs,
    body: {
      id,
      type,
      database: databaseName(accountId, type, document.createdAt),
      rev,
      account_id: accountId,
      is_soft_deleted: document.deleted,
      date_created: toGregorianSeconds(document.createdAt),
      date_modified: toGregorianSeconds(document.modifiedAt),
      event_category: 'configuration',
      event_name: action,
      doc: eventPart(document),
    },
  };
  const messages = [encodeEvent({ ...draft, family: 'object', routingKey: objectRoutingKey(action, type) })];
  if (type === 'fax') {
    messages.push(encodeEvent({ ...draft, family: 'fax', routingKey: faxObjectRoutingKey(action) }));
  }
  return messages;
}
