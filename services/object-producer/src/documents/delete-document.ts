import type { RequestContext } from '@ringdown/broker';
import type { Actor, DocumentPath, DocumentResult } from '@ringdown/contracts';
import { AppError } from '@ringdown/core';
import type { UnitOfWork } from '../app/unit-of-work';
import { writeIdentity } from '../app/write-identity';
import type { Writer } from '../app/writer';
import { resultOf, typeNamed, type StoredDocument } from '../domain/document';
import { checkRevision, nextRevision } from '../domain/revision';

export interface DeleteDocumentRequest extends DocumentPath {
  readonly id: string;
  readonly actor: Actor;
  readonly if_match?: number | undefined;
}

/** DELETE: the document stays in its table, marked; nobody sees it again. */
export class DeleteDocument {
  constructor(private readonly writer: Writer) {}

  /** Errors: `not_found`, `precondition_failed`, `conflict` (an account with children, or the root). */
  async run(
    request: DeleteDocumentRequest,
    context: Pick<RequestContext, 'requestId'>,
  ): Promise<DocumentResult> {
    const { account_id: accountId, type, parent_id: parentId, id } = request;
    typeNamed(type);
    return this.writer.once(writeIdentity('documents.delete', request, context), async (unit) => {
      const current = await unit.stores.documents.get({ accountId, type, parentId }, id, { lock: true });
      checkRevision(current, request.if_match, {});
      const deleted: StoredDocument = {
        ...current,
        ...nextRevision(current),
        deleted: true,
        modifiedAt: unit.nowMs,
      };
      if (type === 'user') await deleteUser(unit, deleted);
      if (type === 'account') await deleteAccount(unit, id);
      await unit.stores.documents.update(deleted);
      unit.changed(deleted, 'doc_deleted');
      return resultOf(deleted);
    });
  }
}

async function deleteUser(unit: UnitOfWork, user: StoredDocument): Promise<void> {
  await unit.stores.credentials.markDeleted(user.id);
  unit.announce({ name: 'principal_changed', body: { account_id: user.accountId, user_id: user.id } });
}

/** Its documents, users and keys are hidden with it. */
async function deleteAccount(unit: UnitOfWork, id: string): Promise<void> {
  const { accounts, credentials } = unit.stores;
  const account = await accounts.get(id, 'update');
  if (account.superduperAdmin) throw new AppError('conflict', 'the root account cannot be deleted');
  if (await accounts.hasChildren(id)) {
    throw new AppError('conflict', 'the account has sub-accounts, delete them first');
  }
  await accounts.markDeleted(id);
  await credentials.releaseEmails(id);
  unit.announce({ name: 'principal_changed', body: { account_id: id } });
}
