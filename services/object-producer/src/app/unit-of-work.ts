import { encodeControl, type PrincipalChanged, type TokenRevoked } from '@ringdown/contracts';
import type { OutboxEntry } from '@ringdown/database';
import type { Stores } from '../ports';
import type { StoredDocument } from '../domain/document';
import { documentMessages, type DocumentAction } from '../domain/object-event';

/** Told to every process as soon as the transaction is committed. */
export type Announcement =
  | { readonly name: 'principal_changed'; readonly body: PrincipalChanged }
  | { readonly name: 'token_revoked'; readonly body: TokenRevoked };

/** One transaction: the repositories inside it, and what it will have to tell when it commits. */
export class UnitOfWork {
  private readonly entries: OutboxEntry[] = [];
  private readonly told: Announcement[] = [];

  constructor(
    readonly stores: Stores,
    /** Unix milliseconds; the same throughout the transaction. */
    readonly nowMs: number,
  ) {}

  /** The event of a changed document. The caller holds the document's row. */
  changed(document: StoredDocument, action: DocumentAction): void {
    for (const message of documentMessages(document, action, this.nowMs)) {
      this.entries.push({ message, orderKey: document.id });
    }
  }

  /** What decides about access goes through the outbox too: it must arrive even when this process dies now. */
  announce(announcement: Announcement): void {
    const { name, body } = announcement;
    this.told.push(announcement);
    this.entries.push({
      message: encodeControl(name, body, { timestampMs: this.nowMs }),
      orderKey: `control:${JSON.stringify(body)}`,
      urgent: true,
    });
  }

  get outbox(): readonly OutboxEntry[] {
    return this.entries;
  }

  get announcements(): readonly Announcement[] {
    return this.told;
  }
}
