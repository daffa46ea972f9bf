import Joi from 'joi';
import { OBJECT_PRODUCER } from './identity';
import { defineOperation } from './operation';

/** Who asks: the gateway has authenticated and authorised it already. */
export interface Actor {
  readonly account_id: string;
  readonly user_id?: string | undefined;
}

/** A document as REST shows it: its own members, `id`, and no private or secret ones. */
export type PublicDocument = Readonly<Record<string, unknown>> & { readonly id: string };

/** A document and the number its next change must name in `If-Match`. Starts at 1, grows by 1 with every change. */
export interface DocumentResult {
  readonly doc: PublicDocument;
  readonly revision: number;
}

/** Filters of a list: every entry must hold. Values come from the query string, hence text. Times: Gregorian seconds. */
export interface ListQuery {
  readonly page_size?: number | undefined;
  /** Opaque; from `next_start_key` of the previous page. */
  readonly start_key?: string | undefined;
  readonly descending?: boolean | undefined;
  /** Dotted path -> exact value (`filter_*`). */
  readonly filter?: Readonly<Record<string, string>> | undefined;
  readonly filter_not?: Readonly<Record<string, string>> | undefined;
  readonly has_key?: string | undefined;
  readonly key_missing?: string | undefined;
  readonly created_from?: number | undefined;
  readonly created_to?: number | undefined;
  readonly modified_from?: number | undefined;
  readonly modified_to?: number | undefined;
}

export interface ListResult {
  readonly docs: readonly PublicDocument[];
  readonly page_size: number;
  readonly start_key?: string;
  readonly next_start_key?: string;
}

/** Where a document lives. `parent_id` is the vmbox of a mailbox message. */
export interface DocumentPath {
  readonly account_id: string;
  readonly type: string;
  readonly parent_id?: string | undefined;
}

const id = Joi.string().min(1).max(128);
const actor = Joi.object({ account_id: id.required(), user_id: id }).required();
const path = { account_id: id.required(), type: Joi.string().max(64).required(), parent_id: id };
const data = Joi.object().unknown(true).required();
const revision = Joi.number().integer().min(1);
const text = Joi.string().max(1024);

const listQuery = Joi.object({
  page_size: Joi.number().integer().min(1).max(1000),
  start_key: text,
  descending: Joi.boolean(),
  filter: Joi.object().pattern(Joi.string().max(256), Joi.string().allow('').max(1024)).max(20),
  filter_not: Joi.object().pattern(Joi.string().max(256), Joi.string().allow('').max(1024)).max(20),
  has_key: text,
  key_missing: text,
  created_from: Joi.number(),
  created_to: Joi.number(),
  modified_from: Joi.number(),
  modified_to: Joi.number(),
}).default({});

export interface CreateRequest extends DocumentPath {
  readonly actor: Actor;
  readonly data: Readonly<Record<string, unknown>>;
  readonly idempotency_key?: string | undefined;
}

/**
 * PUT. Errors: validation_failed (details: one entry per field; a taken unique value has rule `unique`), not_found
 * (parent), conflict (the idempotency key came with another body).
 */
export const createDocument = defineOperation<CreateRequest, DocumentResult>(
  OBJECT_PRODUCER,
  'documents.create',
  Joi.object({ ...path, actor, data, idempotency_key: Joi.string().max(255) }),
  { writes: true },
);

export const getDocument = defineOperation<DocumentPath & { readonly id: string }, DocumentResult>(
  OBJECT_PRODUCER,
  'documents.get',
  Joi.object({ ...path, id: id.required() }),
);

export const listDocuments = defineOperation<DocumentPath & { readonly query: ListQuery }, ListResult>(
  OBJECT_PRODUCER,
  'documents.list',
  Joi.object({ ...path, query: listQuery }),
);

export interface ChangeRequest extends DocumentPath {
  readonly id: string;
  readonly actor: Actor;
  /** `replace`: the whole document (POST). `merge`: RFC 7396 style, null removes (PATCH). */
  readonly mode: 'replace' | 'merge';
  readonly data: Readonly<Record<string, unknown>>;
  /** From `If-Match`; a different current revision is precondition_failed. */
  readonly if_match?: number | undefined;
  readonly idempotency_key?: string | undefined;
}

/** POST and PATCH. A body that carries a stale `revision` member is conflict; a stale If-Match precondition_failed. */
export const changeDocument = defineOperation<ChangeRequest, DocumentResult>(
  OBJECT_PRODUCER,
  'documents.change',
  Joi.object({
    ...path,
    id: id.required(),
    actor,
    mode: Joi.string().valid('replace', 'merge').required(),
    data,
    if_match: revision,
    idempotency_key: Joi.string().max(255),
  }),
  { writes: true },
);

/** DELETE: soft; the answer is the document as it was, marked deleted. */
export const deleteDocument = defineOperation<
  DocumentPath & { readonly id: string; readonly actor: Actor; readonly if_match?: number | undefined },
  DocumentResult
>(
  OBJECT_PRODUCER,
  'documents.delete',
  Joi.object({ ...path, id: id.required(), actor, if_match: revision }),
  { writes: true },
);

/** PUT /v2/accounts/{A}: a child of `account_id`. Accounts are read and changed as documents of type `account`. */
export const createAccount = defineOperation<
  {
    readonly account_id: string;
    readonly actor: Actor;
    readonly data: Readonly<Record<string, unknown>>;
    readonly idempotency_key?: string | undefined;
  },
  DocumentResult
>(
  OBJECT_PRODUCER,
  'accounts.create',
  Joi.object({ account_id: id.required(), actor, data, idempotency_key: Joi.string().max(255) }),
  { writes: true },
);

/** `children`: one level; `descendants`: the whole subtree. Rows: id, name, realm, tree. */
export const listAccounts = defineOperation<
  { readonly account_id: string; readonly scope: 'children' | 'descendants'; readonly query: ListQuery },
  ListResult
>(
  OBJECT_PRODUCER,
  'accounts.list',
  Joi.object({
    account_id: id.required(),
    scope: Joi.string().valid('children', 'descendants').required(),
    query: listQuery,
  }),
);

/** Makes a key. `doc.api_key` holds the secret, here and never again. */
export const createApiKey = defineOperation<
  {
    readonly account_id: string;
    readonly actor: Actor;
    readonly data: { readonly name?: string | undefined };
  },
  DocumentResult
>(
  OBJECT_PRODUCER,
  'api_keys.create',
  Joi.object({
    account_id: id.required(),
    actor,
    data: Joi.object({ name: Joi.string().max(128) }).required(),
  }),
  { writes: true },
);

export const listApiKeys = defineOperation<
  { readonly account_id: string; readonly query: ListQuery },
  ListResult
>(OBJECT_PRODUCER, 'api_keys.list', Joi.object({ account_id: id.required(), query: listQuery }));

export const deleteApiKey = defineOperation<
  { readonly account_id: string; readonly id: string; readonly actor: Actor },
  DocumentResult
>(OBJECT_PRODUCER, 'api_keys.delete', Joi.object({ account_id: id.required(), id: id.required(), actor }), {
  writes: true,
});
