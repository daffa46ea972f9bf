import { documentTypeNamed, documentTypes, type DocumentType } from '@ringdown/contracts';
import type { DocumentCollection } from './documents.resources';

/** Every kind of document but the account itself, with its place in the URL. */
export const documentCollections: readonly DocumentCollection[] = documentTypes
  .filter(({ type }) => type !== 'account')
  .map((entry: DocumentType) => ({ type: entry.type, path: pathOf(entry) }));

function pathOf({ resource, parent }: DocumentType): string {
  const parentResource = parent === undefined ? undefined : documentTypeNamed(parent)?.resource;
  return parentResource === undefined ? `/${resource}` : `/${parentResource}/:parent_id/${resource}`;
}
