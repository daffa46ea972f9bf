import { sql, type Selectable } from 'kysely';
import type { ContactFacts, Conversation, ConversationDetail } from '../domain/conversation';
import { notFound } from '../domain/errors';
import type { Metadata } from '../domain/metadata';
import type { FoundRows } from '../domain/page';
import type { ConversationStore, NewConversation } from '../ports';
import { messageOf } from './message-repository';
import type { MessagingTables, Queries } from './tables';

export class ConversationRepository implements ConversationStore {
  constructor(private readonly db: Queries) {}

  async claim(made: NewConversation, nowMs: number): Promise<Conversation> {
    const inserted = await this.db
      .insertInto('messaging_conversations')
      .values({
        id: made.id,
        account_id: made.accountId,
        channel_id: made.channelId,
        created_at: nowMs,
        metadata: '{}',
        last_message_id: null,
        read_message_id: null,
        unread_count: 0,
        unread_at: 0,
      })
      .onConflict((conflict) => conflict.column('id').doNothing())
      .returningAll()
      .executeTakeFirst();
    if (!inserted) {
      const held = await this.hold(made.accountId, made.id);
      await this.updateContact(made.id, made.contact);
      return held;
    }
    await this.db
      .insertInto('messaging_contacts')
      .values({
        conversation_id: made.id,
        channel_id: made.channelId,
        source_conversation_id: made.sourceConversationId,
        display_name: made.contact.displayName ?? null,
        avatar_url: made.contact.avatarUrl ?? null,
      })
      .execute();
    return conversationOf(inserted);
  }

  async hold(accountId: string, id: string): Promise<Conversation> {
    const row = await this.db
      .selectFrom('messaging_conversations')
      .selectAll()
      .where('id', '=', id)
      .where('account_id', '=', accountId)
      .forUpdate()
      .executeTakeFirst();
    if (!row) throw notFound('conversation');
    return conversationOf(row);
  }

  async update(conversation: Conversation): Promise<void> {
    await this.db
      .updateTable('messaging_conversations')
      .set({
        metadata: JSON.stringify(conversation.metadata),
        last_message_id: conversation.lastMessageId ?? null,
        read_message_id: conversation.readMessageId ?? null,
        unread_count: conversation.unreadCount,
        unread_at: conversation.unreadAt,
      })
      .where('id', '=', conversation.id)
      .execute();
  }

  async updateContact(conversationId: string, contact: ContactFacts): Promise<void> {
    const { displayName, avatarUrl } = contact;
    if (displayName === undefined && avatarUrl === undefined) return;
    await this.db
      .updateTable('messaging_contacts')
      .set({
        ...(displayName === undefined ? {} : { display_name: displayName }),
        ...(avatarUrl === undefined ? {} : { avatar_url: avatarUrl }),
      })
      .where('conversation_id', '=', conversationId)
      .execute();
  }

  async exists(accountId: string, id: string): Promise<boolean> {
    const row = await this.ofAccount(accountId).select('c.id').where('c.id', '=', id).executeTakeFirst();
    return row !== undefined;
  }

  async get(accountId: string, id: string): Promise<ConversationDetail> {
    const row = await this.details(accountId).where('c.id', '=', id).executeTakeFirst();
    if (!row) throw notFound('conversation');
    return detailOf(row);
  }

  async list(
    accountId: string,
    from: string | undefined,
    size: number,
  ): Promise<FoundRows<ConversationDetail>> {
    const all = this.details(accountId);
    const rows = await (from === undefined ? all : all.where('c.last_message_id', '<=', from))
      .orderBy('c.last_message_id', 'desc')
      .limit(size + 1)
      .execute();
    const before =
      from === undefined
        ? []
        : await this.ofAccount(accountId)
            .select(sql<string>`c.last_message_id`.as('position'))
            .where('c.last_message_id', '>', from)
            .orderBy('c.last_message_id')
            .limit(size)
            .execute();
    const { total } = await this.ofAccount(accountId)
      .select(({ fn }) => fn.countAll<number>().as('total'))
      .executeTakeFirstOrThrow();
    return { rows: rows.map(detailOf), before: before.map(({ position }) => position), total };
  }

  private ofAccount(accountId: string) {
    return this.db.selectFrom('messaging_conversations as c').where('c.account_id', '=', accountId);
  }

  private details(accountId: string) {
    return this.ofAccount(accountId)
      .innerJoin('messaging_channels as ch', 'ch.id', 'c.channel_id')
      .innerJoin('messaging_contacts as p', 'p.conversation_id', 'c.id')
      .innerJoin('messaging_messages as m', 'm.id', 'c.last_message_id')
      .selectAll('m')
      .select([
        'c.id as conversation_id',
        'c.account_id',
        'c.channel_id',
        'c.created_at',
        'c.metadata',
        'c.last_message_id',
        'c.read_message_id',
        'c.unread_count',
        'c.unread_at',
        'ch.name as channel_name',
        'ch.source',
        'p.display_name',
        'p.avatar_url',
      ])
      .select(({ selectFrom }) =>
        selectFrom('messaging_conversation_tags as t')
          .select(sql<string[]>`coalesce(json_agg(t.tag_id order by t.tag_id), '[]')`.as('ids'))
          .whereRef('t.conversation_id', '=', 'c.id')
          .as('tags'),
      );
  }
}

type DetailRow = Awaited<
  ReturnType<ReturnType<ConversationRepository['details']>['executeTakeFirstOrThrow']>
>;

function detailOf(row: DetailRow): ConversationDetail {
  return {
    conversation: conversationOf({ ...row, id: row.conversation_id }),
    channel: { id: row.channel_id, name: row.channel_name, source: row.source },
    contact: { displayName: row.display_name ?? undefined, avatarUrl: row.avatar_url ?? undefined },
    tags: row.tags ?? [],
    lastMessage: messageOf(row),
  };
}

function conversationOf(row: Selectable<MessagingTables['messaging_conversations']>): Conversation {
  return {
    id: row.id,
    accountId: row.account_id,
    channelId: row.channel_id,
    createdAt: row.created_at,
    metadata: row.metadata as unknown as Metadata,
    lastMessageId: row.last_message_id ?? undefined,
    readMessageId: row.read_message_id ?? undefined,
    unreadCount: row.unread_count,
    unreadAt: row.unread_at,
  };
}
