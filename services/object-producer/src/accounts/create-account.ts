import type { RequestContext } from '@ringdown/broker';
import type { Actor, DocumentResult } from '@ringdown/contracts';
import { newId, type JsonObject } from '@ringdown/core';
import type { Account } from '../domain/account';
import type { UnitOfWork } from '../app/unit-of-work';
import { writeIdentity } from '../app/write-identity';
import type { Writer } from '../app/writer';
import { newKdf } from '../auth/password-hash';
import { prepareWhole, type PreparedData } from '../documents/prepare-data';
import { resultOf, typeNamed, type StoredDocument } from '../domain/document';
import { firstRevision } from '../domain/revision';
import { defaultRealm } from './account-keys';
import { accountNames } from './account-names';

export interface CreateAccountRequest {
  /** The parent. */
  readonly account_id: string;
  readonly actor: Actor;
  readonly data: JsonObject;
  readonly idempotency_key?: string | undefined;
}

/** PUT /v2/accounts/{A}: a child of an account. */
export class CreateAccount {
  constructor(private readonly writer: Writer) {}

  /** Errors: `validation_failed` (also for a name or realm that is taken), `not_found` (parent). */
  async run(
    request: CreateAccountRequest,
    context: Pick<RequestContext, 'requestId'>,
  ): Promise<DocumentResult> {
    const id = newId();
    const prepared = prepareAccount(id, request.data);
    return this.writer.once(writeIdentity('accounts.create', request, context), async (unit) => {
      const parent = await unit.stores.accounts.get(request.account_id, 'share');
      const account = await insertAccount(unit, prepared, {
        id,
        parentId: parent.id,
        tree: [...parent.tree, parent.id],
        superduperAdmin: false,
      });
      return resultOf(account);
    });
  }
}

/** An account's content, checked and complete. Errors: `validation_failed`. */
export function prepareAccount(id: string, data: JsonObject): PreparedData {
  const prepared = prepareWhole(typeNamed('account'), data);
  return { ...prepared, doc: { ...prepared.doc, realm: prepared.doc['realm'] ?? defaultRealm(id) } };
}

/** Writes an account with its document and event. */
export async function insertAccount(
  unit: UnitOfWork,
  prepared: PreparedData,
  place: Pick<Account, 'id' | 'parentId' | 'tree' | 'superduperAdmin'>,
): Promise<StoredDocument> {
  const names = accountNames(prepared.doc);
  await unit.stores.accounts.insert({ ...place, enabled: names.enabled, kdf: newKdf() }, names);
  const document: StoredDocument = {
    id: place.id,
    accountId: place.id,
    type: 'account',
    parentId: undefined,
    doc: prepared.doc,
    secrets: prepared.secrets,
    deleted: false,
    createdAt: unit.nowMs,
    modifiedAt: unit.nowMs,
    ...firstRevision(),
  };
  await unit.stores.documents.insert(document);
  unit.changed(document, 'doc_created');
  return document;
}
