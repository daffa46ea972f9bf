import type { DocumentPath, ListQuery, ListResult, PublicDocument } from '@ringdown/contracts';
import type { DocumentPage, ListedDocument, Stores } from '../ports';
import { notFound, publicDocument, typeNamed } from '../domain/document';

/** A page of the documents of one type, in the order of their creation. */
export class ListDocuments {
  constructor(private readonly stores: Stores) {}

  /** Errors: `not_found` (account, parent, type), `validation_failed` (start key). */
  async run({
    account_id: accountId,
    type: typeName,
    parent_id: parentId,
    query,
  }: DocumentPath & { readonly query: ListQuery }): Promise<ListResult> {
    const { documents, accounts } = this.stores;
    const type = typeNamed(typeName);
    await accounts.get(accountId);
    if (parentId !== undefined && type.parentType !== undefined) {
      if (!(await documents.exists({ accountId, type: type.parentType }, parentId))) throw notFound(parentId);
    }
    return listResult(
      await documents.list({ accountId, type: typeName, parentId }, query),
      query,
      publicDocument,
    );
  }
}

export function listResult(
  page: DocumentPage,
  query: ListQuery,
  row: (document: ListedDocument) => PublicDocument,
): ListResult {
  return {
    docs: page.documents.map(row),
    page_size: page.pageSize,
    ...(query.start_key === undefined ? {} : { start_key: query.start_key }),
    ...(page.nextStartKey === undefined ? {} : { next_start_key: page.nextStartKey }),
  };
}
