import type { CreateRequest, DocumentResult } from '@ringdown/contracts';
import { AppError, newId } from '@ringdown/core';
import type { RequestContext } from '@ringdown/broker';
import type { Stores } from '../ports';
import type { Writer } from '../app/writer';
import { writeIdentity } from '../app/write-identity';
import { notFound, resultOf, typeNamed, type StoredDocument } from '../domain/document';
import type { DocumentType } from '../domain/document-types';
import { firstRevision } from '../domain/revision';
import { prepareWhole } from './prepare-data';
import { hashAhead, loginEmail, userMembers } from './user-credential';

/** PUT: a new document under an account, or under a document of it. */
export class CreateDocument {
  constructor(
    private readonly stores: Stores,
    private readonly writer: Writer,
  ) {}

  /** Errors: `validation_failed`, `not_found` (account, parent, type), `conflict` (idempotency key). */
  async run(request: CreateRequest, context: Pick<RequestContext, 'requestId'>): Promise<DocumentResult> {
    const type = typeNamed(request.type);
    if (type.name === 'account') throw new AppError('bad_request', 'accounts are made under their parent');
    const prepared = prepareWhole(type, request.data);
    const ahead =
      typeof prepared.password === 'string'
        ? await hashAhead((await this.stores.accounts.get(request.account_id)).kdf, prepared)
        : undefined;

    return this.writer.once(writeIdentity('documents.create', request, context), async (unit) => {
      const { stores, nowMs } = unit;
      await stores.accounts.get(request.account_id, 'share');
      const document: StoredDocument = {
        id: newId(),
        accountId: request.account_id,
        type: type.name,
        parentId: await checkedParent(type, request, stores),
        doc: prepared.doc,
        secrets: prepared.secrets,
        deleted: false,
        createdAt: nowMs,
        modifiedAt: nowMs,
        ...firstRevision(),
      };
      await stores.documents.insert(document);
      if (type.name === 'user') {
        await stores.credentials.insert({
          userId: document.id,
          accountId: document.accountId,
          hashes: ahead?.hashes,
          email: loginEmail(document.doc, ahead?.hashes),
          epoch: 1,
          ...userMembers(document.doc),
        });
      }
      unit.changed(document, 'doc_created');
      return resultOf(document);
    });
  }
}

async function checkedParent(
  type: DocumentType,
  { account_id: accountId, parent_id: parentId }: CreateRequest,
  stores: Stores,
): Promise<string | undefined> {
  if (type.parentType === undefined) return undefined;
  if (parentId === undefined) {
    throw new AppError('bad_request', `a ${type.name} is made under a ${type.parentType}`);
  }
  if (!(await stores.documents.exists({ accountId, type: type.parentType }, parentId))) {
    throw notFound(parentId);
  }
  return parentId;
}
