import { databaseName, documentTypes, type DocumentType, type DocumentTypeName } from '../../document-types';
import type { JsonObject } from '../../fields';
import type { CatalogueEntry } from '../family';
import { objectActions, objectEventShape, type ObjectAction, type ObjectEvent } from './object-event';
import { objectRoutingKey } from './object-routing-key';

type NamedType = DocumentType & { readonly type: DocumentTypeName };

const documentId = '5d0c9a3b7e2f4168a9b0c1d2e3f40516';
const createdAt = 63890000000;
const createdAtMs = 1722780800000;

const publicParts: Readonly<Record<DocumentTypeName, JsonObject>> = {
  account: { name: 'Acme', realm: 'acme.example.org', timezone: 'Europe/Berlin' },
  callflow: { numbers: ['1001'], flow: { module: 'user', data: { id: documentId }, children: {} } },
  device: { name: 'Desk phone', device_type: 'sip_device', mac_address: '00:1b:63:84:45:e6' },
  faxbox: { name: 'Front office', caller_name: 'Acme', retries: 3 },
  media: { name: 'Welcome', streamable: true, language: 'en-us' },
  user: { first_name: 'Ann', last_name: 'Ray', username: 'ann', email: 'ann@acme.example.org' },
  vmbox: { name: 'Ann', mailbox: '1001', timezone: 'Europe/Berlin' },
  fax: { from_number: '+15550100', to_number: '+15550199', folder: 'inbox' },
  mailbox_message: { caller_id_number: '1001', folder: 'new', length: 12000 },
  call_recording: { call_id: 'a84b4c76e66710@10.1.2.3', direction: 'inbound', duration: 42 },
  group: { name: 'Sales', endpoints: { [documentId]: { type: 'user', weight: 1 } } },
};

function sampleOf(action: ObjectAction, type: DocumentTypeName, accountId: string): ObjectEvent {
  const id = type === 'account' ? accountId : documentId;
  return {
    event_category: 'configuration',
    event_name: action,
    id,
    type,
    account_id: accountId,
    database: databaseName(accountId, type, createdAtMs),
    rev: action === 'doc_created' ? '1-2ab' : '2-7cd',
    is_soft_deleted: action === 'doc_deleted',
    date_created: createdAt,
    date_modified: action === 'doc_created' ? createdAt : createdAt + 60,
    doc: { id, ...publicParts[type] },
  };
}

const verbs: Readonly<Record<ObjectAction, string>> = {
  doc_created: 'was created',
  doc_edited: 'was changed',
  doc_deleted: 'was deleted',
};

function entryOf(action: ObjectAction, { type, catalogued }: NamedType): CatalogueEntry {
  return {
    binding: `object.${action}.${type}`,
    summary: `A document of type \`${type}\` ${verbs[action]}.`,
    undocumented: catalogued === false,
    name: action,
    shape: objectEventShape,
    routingKey: objectRoutingKey(action, type),
    sample: (accountId: string) => sampleOf(action, type, accountId),
    invalid: { id: 5, type, doc: 'everything' },
  };
}

export const objectCatalogue: readonly CatalogueEntry[] = objectActions.flatMap((action) =>
  documentTypes.map((type) => entryOf(action, type)),
);
