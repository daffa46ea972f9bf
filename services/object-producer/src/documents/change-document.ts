import type { ChangeRequest, DocumentResult } from '@ringdown/contracts';
import type { RequestContext } from '@ringdown/broker';
import { AppError } from '@ringdown/core';
import { accountNames } from '../accounts/account-names';
import { invalidField } from '../domain/field-errors';
import type { Credential } from '../domain/credential';
import type { CredentialStore, DocumentScope, Stores } from '../ports';
import type { UnitOfWork } from '../app/unit-of-work';
import { writeIdentity } from '../app/write-identity';
import type { Writer } from '../app/writer';
import { resultOf, typeNamed, type StoredDocument } from '../domain/document';
import { checkRevision, nextRevision } from '../domain/revision';
import { preparePatched, prepareWhole, type PreparedData } from './prepare-data';
import { hashAhead, loginEmail, nextCredential, userMembers, type HashedPassword } from './user-credential';

/** POST and PATCH: a document replaced, or merged with a patch. */
export class ChangeDocument {
  constructor(
    private readonly stores: Stores,
    private readonly writer: Writer,
  ) {}

  /** Errors: `not_found`, `precondition_failed`, `conflict`, `validation_failed`. */
  async run(request: ChangeRequest, context: Pick<RequestContext, 'requestId'>): Promise<DocumentResult> {
    typeNamed(request.type);
    const ahead = await this.hashedAhead(request);
    return this.writer.once(writeIdentity('documents.change', request, context), async (unit) => {
      const current = await unit.stores.documents.get(scopeOf(request), request.id, { lock: true });
      checkRevision(current, request.if_match, request.data);
      const prepared = prepareFor(request, current);
      const changed: StoredDocument = {
        ...current,
        ...nextRevision(current),
        doc: prepared.doc,
        secrets: prepared.secrets,
        modifiedAt: unit.nowMs,
      };
      await unit.stores.documents.update(changed);
      if (changed.type === 'user') await followUser(unit, current, changed, prepared, ahead);
      if (changed.type === 'account') await followAccount(unit, current, changed);
      unit.changed(changed, 'doc_edited');
      return resultOf(changed);
    });
  }

  /** A new password is hashed before the row is locked: scrypt takes its time. */
  private async hashedAhead(request: ChangeRequest): Promise<HashedPassword | undefined> {
    if (request.type !== 'user' || typeof request.data['password'] !== 'string') return undefined;
    const current = await this.stores.documents.get(scopeOf(request), request.id);
    const account = await this.stores.accounts.get(request.account_id);
    return hashAhead(account.kdf, prepareFor(request, current));
  }
}

function scopeOf(request: ChangeRequest): DocumentScope {
  return { accountId: request.account_id, type: request.type, parentId: request.parent_id };
}

function prepareFor(request: ChangeRequest, current: StoredDocument): PreparedData {
  const type = typeNamed(request.type);
  if (request.mode === 'merge') return preparePatched(type, current, request.data);
  // An account always has a realm; a replacement that does not mention it keeps it.
  const kept = type.name === 'account' ? { realm: current.doc['realm'] } : {};
  return prepareWhole(type, { ...kept, ...request.data }, current);
}

/** Keeps a user's login in step with its document. */
async function followUser(
  unit: UnitOfWork,
  before: StoredDocument,
  user: StoredDocument,
  prepared: PreparedData,
  ahead: HashedPassword | undefined,
): Promise<void> {
  const { accounts, credentials } = unit.stores;
  const current = await credentials.get(user.id, { lock: true });
  if (!current) throw new AppError('internal', `user ${user.id} has no login record`);
  // Somebody changed the username after the password was hashed with the old one.
  const stale =
    typeof prepared.password === 'string' && ahead?.username !== userMembers(prepared.doc).username;
  const hashed = stale ? await hashAhead((await accounts.get(user.accountId)).kdf, prepared) : ahead;
  const { credential, accessChanged } = nextCredential(current, prepared, hashed);
  await credentials.update(
    (await isOldDuplicate(before, current, credential, credentials))
      ? { ...credential, email: undefined }
      : credential,
  );
  if (accessChanged) {
    unit.announce({ name: 'principal_changed', body: { account_id: user.accountId, user_id: user.id } });
  }
}

/**
 * A login from the time when addresses were not unique, whose address is another's: it does without until that is free,
 * and its user can be changed in every other way.
 */
async function isOldDuplicate(
  before: StoredDocument,
  current: Credential,
  { email }: Credential,
  credentials: CredentialStore,
): Promise<boolean> {
  if (email === undefined || email === current.email || email !== loginEmail(before.doc, current.hashes))
    return false;
  return (await credentials.findByEmail(email)) !== undefined;
}

/** Keeps an account's place in the tree in step with its document. */
async function followAccount(
  unit: UnitOfWork,
  before: StoredDocument,
  account: StoredDocument,
): Promise<void> {
  const { accounts, credentials } = unit.stores;
  const [was, is] = [accountNames(before.doc), accountNames(account.doc)];
  if (was.name === is.name && was.realm === is.realm && was.enabled === is.enabled) return;
  if (!is.enabled && (await accounts.get(account.id)).superduperAdmin) {
    throw invalidField('enabled', 'forbidden', { message: 'The root account cannot be disabled' });
  }
  await accounts.rename(account.id, is);
  if (was.enabled && !is.enabled) await credentials.raiseEpochs(account.id);
  unit.announce({ name: 'principal_changed', body: { account_id: account.id } });
}
