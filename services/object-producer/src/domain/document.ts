import { AppError, type JsonObject } from '@ringdown/core';
import type { DocumentResult, PublicDocument } from '@ringdown/contracts';
import { documentTypes, type DocumentType } from './document-types';
import type { Revision } from './revision';
import type { Secrets } from './secrets';

/** A document as it is stored: what may be shown in `doc`, what may not in `secrets`. */
export interface StoredDocument extends Revision {
  readonly id: string;
  readonly accountId: string;
  readonly type: string;
  readonly parentId: string | undefined;
  readonly doc: JsonObject;
  readonly secrets: Secrets;
  readonly deleted: boolean;
  /** Unix milliseconds. */
  readonly createdAt: number;
  readonly modifiedAt: number;
}

export function typeNamed(name: string): DocumentType {
  const type = documentTypes.get(name);
  if (!type) throw new AppError('not_found', 'bad identifier', { details: { type: name } });
  return type;
}

/** The one answer for whatever is not there, deleted, or somebody else's. */
export function notFound(id: string): AppError {
  return new AppError('not_found', 'bad identifier', { details: { id } });
}

export function publicDocument(document: Pick<StoredDocument, 'id' | 'doc' | 'deleted'>): PublicDocument {
  const { id, doc, deleted } = document;
  return deleted ? { ...doc, id, _read_only: { deleted: true } } : { ...doc, id };
}

export function resultOf(document: StoredDocument): DocumentResult {
  return { doc: publicDocument(document), revision: document.revision };
}
