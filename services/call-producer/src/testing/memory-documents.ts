import { AppError, newId } from '@ringdown/core';
import type { PublicDocument } from '@ringdown/contracts';
import type { Documents, Shelf } from '../simulator';

interface Stored {
  readonly shelf: Shelf;
  doc: PublicDocument;
  /** Of an account: where it is listed. */
  readonly parentAccount?: string;
}

export const ROOT = 'a0000000000000000000000000000001';

/** Documents in memory, for specs; `changes` tells what was announced: `doc_created.user`, … */
export class MemoryDocuments implements Documents {
  readonly changes: string[] = [];
  readonly stored = new Map<string, Stored>();
  /** Set: everything fails with it. */
  failure: Error | undefined;
  realm: string | undefined = 'demo.sip.example';

  root(): ReturnType<Documents['root']> {
    return this.answer(() => ({
      account_id: ROOT,
      name: 'demo',
      ...(this.realm === undefined ? {} : { realm: this.realm }),
    }));
  }

  create(shelf: Shelf, data: Readonly<Record<string, unknown>>): Promise<string> {
    return this.answer(() => this.add({ shelf, doc: { ...data, id: newId() } }));
  }

  merge(shelf: Shelf, id: string, patch: Readonly<Record<string, unknown>>): Promise<void> {
    return this.answer(() => {
      if (shelf.type === 'account' && id === ROOT) {
        this.realm = String(patch['realm']);
        this.changes.push('doc_edited.account');
        return;
      }
      const entry = this.entry(shelf, id);
      entry.doc = { ...entry.doc, ...patch };
      this.changes.push(`doc_edited.${shelf.type}`);
    });
  }

  remove(shelf: Shelf, id: string): Promise<void> {
    return this.answer(() => {
      this.entry(shelf, id);
      this.stored.delete(id);
      this.changes.push(`doc_deleted.${shelf.type}`);
    });
  }

  get(shelf: Shelf, id: string): Promise<PublicDocument> {
    return this.answer(() => this.entry(shelf, id).doc);
  }

  list(shelf: Shelf, filter: Readonly<Record<string, string>>): Promise<readonly PublicDocument[]> {
    return this.answer(() =>
      [...this.stored.values()]
        .filter((entry) => isIn(entry, shelf) && matches(entry.doc, filter))
        .map(({ doc }) => doc),
    );
  }

  createAccount(parentId: string, data: Readonly<Record<string, unknown>>): Promise<string> {
    return this.answer(() => {
      const id = newId();
      return this.add({
        shelf: { accountId: id, type: 'account' },
        doc: { ...data, id },
        parentAccount: parentId,
      });
    });
  }

  listAccounts(
    parentId: string,
    filter: Readonly<Record<string, string>>,
  ): Promise<readonly PublicDocument[]> {
    return this.answer(() =>
      [...this.stored.values()]
        .filter((entry) => entry.parentAccount === parentId && matches(entry.doc, filter))
        .map(({ doc }) => ({ id: doc.id })),
    );
  }

  /** The documents of one type in the root account. */
  ofType(type: string): readonly PublicDocument[] {
    return [...this.stored.values()].filter(({ shelf }) => shelf.type === type).map(({ doc }) => doc);
  }

  private add(entry: Stored): string {
    this.stored.set(entry.doc.id, entry);
    this.changes.push(`doc_created.${entry.shelf.type}`);
    return entry.doc.id;
  }

  private entry(shelf: Shelf, id: string): Stored {
    const entry = this.stored.get(id);
    if (entry === undefined || !isIn(entry, shelf)) throw new AppError('not_found', `no ${shelf.type} ${id}`);
    return entry;
  }

  private async answer<T>(make: () => T): Promise<T> {
    await Promise.resolve();
    if (this.failure !== undefined) throw this.failure;
    return make();
  }
}

function isIn({ shelf }: Stored, { accountId, type, parentId }: Shelf): boolean {
  return shelf.accountId === accountId && shelf.type === type && shelf.parentId === parentId;
}

function matches(doc: PublicDocument, filter: Readonly<Record<string, string>>): boolean {
  return Object.entries(filter).every(([path, text]) => {
    const value = path
      .split('.')
      .reduce<unknown>(
        (at, name) =>
          typeof at === 'object' && at !== null ? (at as Record<string, unknown>)[name] : undefined,
        doc,
      );
    return value === text;
  });
}
