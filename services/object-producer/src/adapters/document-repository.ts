import type { ListQuery } from '@ringdown/contracts';
import { fromGregorianSeconds, type JsonObject } from '@ringdown/core';
import { sql, type Expression, type Selectable, type SqlBool } from 'kysely';
import { notFound, type StoredDocument } from '../domain/document';
import { decodePageKey, encodePageKey } from '../domain/page-key';
import type { DocumentPage, DocumentScope, DocumentStore, ListedDocument } from '../ports';
import type { ObjectTables, Queries } from './tables';

const DEFAULT_PAGE_SIZE = 50;
/**
 * A page ends once its documents hold this much, because an answer travels in one message. The document that crosses
 * the line is still in it, so that every page has one.
 */
const MAX_PAGE_BYTES = 4 * 1024 * 1024;

/** Documents in their table. Deleted ones, and those of deleted accounts or parents, are not there for a reader. */
export class DocumentRepository implements DocumentStore {
  constructor(private readonly db: Queries) {}

  async insert(document: StoredDocument): Promise<void> {
    await this.db
      .insertInto('documents')
      .values({
        id: document.id,
        account_id: document.accountId,
        type: document.type,
        parent_id: document.parentId ?? null,
        doc: JSON.stringify(document.doc),
        secrets: JSON.stringify(document.secrets),
        revision: document.revision,
        rev: document.rev,
        deleted: document.deleted,
        created_at: document.createdAt,
        modified_at: document.modifiedAt,
      })
      .execute();
  }

  async update(document: StoredDocument): Promise<void> {
    await this.db
      .updateTable('documents')
      .set({
        doc: JSON.stringify(document.doc),
        secrets: JSON.stringify(document.secrets),
        revision: document.revision,
        rev: document.rev,
        deleted: document.deleted,
        modified_at: document.modifiedAt,
      })
      .where('id', '=', document.id)
      .execute();
  }

  /** Errors: `not_found`. With `lock`, nobody else changes the document before this transaction ends. */
  async get(scope: DocumentScope, id: string, options: { lock?: boolean } = {}): Promise<StoredDocument> {
    let query = this.visible(scope).selectAll('documents').where('documents.id', '=', id);
    if (options.lock) query = query.forUpdate('documents');
    const row = await query.executeTakeFirst();
    if (!row) throw notFound(id);
    return fromRow(row);
  }

  async exists(scope: DocumentScope, id: string): Promise<boolean> {
    const row = await this.visible(scope)
      .select('documents.id')
      .where('documents.id', '=', id)
      .executeTakeFirst();
    return row !== undefined;
  }

  /** In the order of creation. Errors: `validation_failed` for a start key that is none. */
  list(scope: DocumentScope, query: ListQuery): Promise<DocumentPage> {
    return this.page(this.visible(scope), query);
  }

  /** Account documents below an account: its children or the whole subtree. */
  listAccounts(
    accountId: string,
    scope: 'children' | 'descendants',
    query: ListQuery,
  ): Promise<DocumentPage> {
    const accounts = this.existing()
      .where('documents.type', '=', 'account')
      .where(
        scope === 'children'
          ? sql<SqlBool>`accounts.parent_id = ${accountId}`
          : sql<SqlBool>`accounts.tree @> array[${accountId}]::text[]`,
      );
    return this.page(accounts, query);
  }

  private existing() {
    return this.db
      .selectFrom('documents')
      .innerJoin('accounts', 'accounts.id', 'documents.account_id')
      .where('documents.deleted', '=', false)
      .where('accounts.deleted', '=', false);
  }

  private visible(scope: DocumentScope) {
    const query = this.existing()
      .where('documents.account_id', '=', scope.accountId)
      .where('documents.type', '=', scope.type);
    if (scope.parentId === undefined) return query;
    return query
      .where('documents.parent_id', '=', scope.parentId)
      .where(({ exists, selectFrom }) =>
        exists(
          selectFrom('documents as parent')
            .select('parent.id')
            .whereRef('parent.id', '=', 'documents.parent_id')
            .where('parent.deleted', '=', false),
        ),
      );
  }

  private async page(
    base: ReturnType<DocumentRepository['existing']>,
    query: ListQuery,
  ): Promise<DocumentPage> {
    const pageSize = query.page_size ?? DEFAULT_PAGE_SIZE;
    let rows = base.where(({ and }) => and(conditions(query)));
    if (query.start_key !== undefined) {
      rows = rows.where('documents.seq', query.descending ? '<=' : '>=', decodePageKey(query.start_key));
    }
    const order = query.descending ? 'desc' : 'asc';
    const bytesBefore = sql<number>`coalesce(sum(octet_length(documents.doc::text)) over (
      order by documents.seq ${sql.raw(order)} rows between unbounded preceding and 1 preceding), 0)`;
    // One more than asked for: its place is where the next page starts.
    const found = await rows
      .select(['documents.id', 'documents.seq'])
      .select(
        sql<JsonObject | null>`case when ${bytesBefore} < ${MAX_PAGE_BYTES} then documents.doc end`.as('doc'),
      )
      .orderBy('documents.seq', order)
      .limit(pageSize + 1)
      .execute();
    const documents: ListedDocument[] = [];
    for (const { id, doc } of found.slice(0, pageSize)) {
      if (doc === null) break;
      documents.push({ id, doc, deleted: false });
    }
    const next = found[documents.length];
    return { documents, pageSize, nextStartKey: next && encodePageKey(next.seq) };
  }
}

/** A list's filters over the public members only, so that nobody can guess a secret by filtering. */
function conditions(query: ListQuery): Expression<SqlBool>[] {
  const all: Expression<SqlBool>[] = [];
  for (const [path, value] of Object.entries(query.filter ?? {})) {
    all.push(sql<SqlBool>`${textAt(path)} = ${value}`);
  }
  for (const [path, value] of Object.entries(query.filter_not ?? {})) {
    all.push(sql<SqlBool>`${textAt(path)} is distinct from ${value}`);
  }
  if (query.has_key !== undefined) all.push(sql<SqlBool>`${textAt(query.has_key)} is not null`);
  if (query.key_missing !== undefined) all.push(sql<SqlBool>`${textAt(query.key_missing)} is null`);
  const ranges = [
    ['created_at', '>=', query.created_from],
    ['created_at', '<=', endOf(query.created_to)],
    ['modified_at', '>=', query.modified_from],
    ['modified_at', '<=', endOf(query.modified_to)],
  ] as const;
  for (const [column, operator, seconds] of ranges) {
    if (seconds === undefined) continue;
    const ms = Math.max(0, Math.min(Number.MAX_SAFE_INTEGER, Math.floor(fromGregorianSeconds(seconds))));
    all.push(sql<SqlBool>`${sql.ref(`documents.${column}`)} ${sql.raw(operator)} ${ms}`);
  }
  return all;
}

/** The last millisecond of a second: `to` includes it. */
function endOf(seconds: number | undefined): number | undefined {
  return seconds === undefined ? undefined : Math.floor(seconds) + 0.999;
}

function textAt(path: string): Expression<string | null> {
  if (path === 'id') return sql<string>`documents.id`;
  return sql<string | null>`documents.doc #>> ${path.split('.')}::text[]`;
}

function fromRow(row: Selectable<ObjectTables['documents']>): StoredDocument {
  return {
    id: row.id,
    accountId: row.account_id,
    type: row.type,
    parentId: row.parent_id ?? undefined,
    doc: row.doc as unknown as JsonObject,
    secrets: row.secrets as unknown as JsonObject,
    revision: row.revision,
    rev: row.rev,
    deleted: row.deleted,
    createdAt: row.created_at,
    modifiedAt: row.modified_at,
  };
}
