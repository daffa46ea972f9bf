import { flag, numeric, record, shapeOf, text, type BodyOf } from '../../fields';

export const objectActions = ['doc_created', 'doc_edited', 'doc_deleted'] as const;

export type ObjectAction = (typeof objectActions)[number];

export function isObjectAction(word: string | undefined): word is ObjectAction {
  return objectActions.some((action) => action === word);
}

export const objectEventCategory = 'configuration';

/** Known members of a document change, after Kazoo's configuration API; `doc` is filled, which Kazoo never does. */
export const objectEventFields = {
  event_category: text('`configuration`'),
  event_name: text('`doc_created`, `doc_edited` or `doc_deleted`.'),
  app_name: text('Publisher.'),
  app_version: text('Version of the publisher.'),
  msg_id: text('Id given by the publisher.'),
  id: text('Id of the document.'),
  type: text('Type of the document.'),
  account_id: text('Account of the document.'),
  database: text('Where Kazoo would keep it.'),
  rev: text('Revision of the document.'),
  version: text('Version of the document’s schema.'),
  is_soft_deleted: flag('True with `doc_deleted`: the document is kept, but hidden.'),
  date_created: numeric('Gregorian seconds.'),
  date_modified: numeric('Gregorian seconds.'),
  origin_cache: text('Cache that caused the change.'),
  doc: record('The public part of the document: no passwords, pins, credentials, private members.'),
} as const;

/** Body of a document change as a client gets it. */
export type ObjectEvent = BodyOf<typeof objectEventFields>;

export const objectEventShape = shapeOf(objectEventFields);
