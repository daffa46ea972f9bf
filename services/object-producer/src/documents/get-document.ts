import type { DocumentPath, DocumentResult } from '@ringdown/contracts';
import type { Stores } from '../ports';
import { resultOf, typeNamed } from '../domain/document';

/** One document as REST shows it. Errors: `not_found`. */
export class GetDocument {
  constructor(private readonly stores: Stores) {}

  async run(request: DocumentPath & { readonly id: string }): Promise<DocumentResult> {
    const { account_id: accountId, type, parent_id: parentId, id } = request;
    typeNamed(type);
    return resultOf(await this.stores.documents.get({ accountId, type, parentId }, id));
  }
}
