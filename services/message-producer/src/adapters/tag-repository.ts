import type { Selectable } from 'kysely';
import { notFound } from '../domain/errors';
import type { Tag } from '../domain/tag';
import type { TagStore } from '../ports';
import type { MessagingTables, Queries } from './tables';

export class TagRepository implements TagStore {
  constructor(private readonly db: Queries) {}

  async insert(tag: Tag, nowMs: number): Promise<void> {
    await this.db
      .insertInto('messaging_tags')
      .values({
        id: tag.id,
        account_id: tag.accountId,
        name: tag.name,
        color: tag.color,
        created_at: nowMs,
      })
      .execute();
  }

  async update(accountId: string, id: string, change: Partial<Pick<Tag, 'name' | 'color'>>): Promise<Tag> {
    const row = await this.db
      .updateTable('messaging_tags')
      .set({ id, ...change })
      .where('id', '=', id)
      .where('account_id', '=', accountId)
      .returningAll()
      .executeTakeFirst();
    if (!row) throw notFound('tag');
    return tagOf(row);
  }

  async delete(accountId: string, id: string): Promise<void> {
    const { numDeletedRows } = await this.db
      .deleteFrom('messaging_tags')
      .where('id', '=', id)
      .where('account_id', '=', accountId)
      .executeTakeFirst();
    if (Number(numDeletedRows) === 0) throw notFound('tag');
  }

  async list(accountId: string): Promise<readonly Tag[]> {
    const rows = await this.db
      .selectFrom('messaging_tags')
      .selectAll()
      .where('account_id', '=', accountId)
      .orderBy('name')
      .orderBy('id')
      .execute();
    return rows.map(tagOf);
  }

  async hold(accountId: string, id: string): Promise<void> {
    const row = await this.db
      .selectFrom('messaging_tags')
      .select('id')
      .where('id', '=', id)
      .where('account_id', '=', accountId)
      .forShare()
      .executeTakeFirst();
    if (!row) throw notFound('tag');
  }

  async attach(conversationId: string, tagId: string): Promise<void> {
    await this.db
      .insertInto('messaging_conversation_tags')
      .values({ conversation_id: conversationId, tag_id: tagId })
      .onConflict((conflict) => conflict.doNothing())
      .execute();
  }

  async detach(conversationId: string, tagId: string): Promise<void> {
    await this.db
      .deleteFrom('messaging_conversation_tags')
      .where('conversation_id', '=', conversationId)
      .where('tag_id', '=', tagId)
      .execute();
  }
}

function tagOf(row: Selectable<MessagingTables['messaging_tags']>): Tag {
  return { id: row.id, accountId: row.account_id, name: row.name, color: row.color };
}
