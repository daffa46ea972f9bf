import type { DeliveryState } from '@ringdown/contracts';
import type { Selectable } from 'kysely';
import type { Message } from '../domain/message';
import type { FoundRows } from '../domain/page';
import type { MessageStore } from '../ports';
import type { MessagingTables, Queries } from './tables';

export type MessageRow = Selectable<MessagingTables['messaging_messages']>;

export class MessageRepository implements MessageStore {
  constructor(private readonly db: Queries) {}

  async insert(message: Message): Promise<void> {
    await this.db
      .insertInto('messaging_messages')
      .values({
        id: message.id,
        conversation_id: message.conversationId,
        content: message.content,
        delivery_state: message.deliveryState,
        sender_type: message.senderType,
        sender_id: message.senderId ?? null,
        source_message_id: message.sourceMessageId ?? null,
        sent_at: message.sentAt,
        attempts: 0,
        failure: null,
      })
      .execute();
  }

  async setState(id: string, state: DeliveryState): Promise<void> {
    await this.db
      .updateTable('messaging_messages')
      .set({ delivery_state: state })
      .where('id', '=', id)
      .execute();
  }

  async get(id: string): Promise<Message | undefined> {
    const row = await this.db
      .selectFrom('messaging_messages')
      .selectAll()
      .where('id', '=', id)
      .executeTakeFirst();
    return row && messageOf(row);
  }

  async findBySourceId(conversationId: string, sourceMessageId: string): Promise<Message | undefined> {
    const row = await this.db
      .selectFrom('messaging_messages')
      .selectAll()
      .where('conversation_id', '=', conversationId)
      .where('source_message_id', '=', sourceMessageId)
      .executeTakeFirst();
    return row && messageOf(row);
  }

  async list(conversationId: string, from: string | undefined, size: number): Promise<FoundRows<Message>> {
    const all = this.db.selectFrom('messaging_messages').where('conversation_id', '=', conversationId);
    const rows = await (from === undefined ? all : all.where('id', '<=', from))
      .selectAll()
      .orderBy('id', 'desc')
      .limit(size + 1)
      .execute();
    const before =
      from === undefined
        ? []
        : await all.select('id').where('id', '>', from).orderBy('id').limit(size).execute();
    const { total } = await all
      .select(({ fn }) => fn.countAll<number>().as('total'))
      .executeTakeFirstOrThrow();
    return { rows: rows.map(messageOf), before: before.map(({ id }) => id), total };
  }

  async forgetOld(conversationId: string, keep: number, upTo: string): Promise<void> {
    const [oldestKept] = await this.db
      .selectFrom('messaging_messages')
      .select('id')
      .where('conversation_id', '=', conversationId)
      .orderBy('id', 'desc')
      .offset(keep - 1)
      .limit(1)
      .execute();
    if (!oldestKept) return;
    await this.db
      .deleteFrom('messaging_messages')
      .where('conversation_id', '=', conversationId)
      .where('id', '<', oldestKept.id)
      .where('id', '<=', upTo)
      .where('id', 'not in', ({ selectFrom }) =>
        selectFrom('messaging_deliveries').select('message_id').where('conversation_id', '=', conversationId),
      )
      .execute();
  }
}

export function messageOf(row: MessageRow): Message {
  return {
    id: row.id,
    conversationId: row.conversation_id,
    content: row.content,
    deliveryState: row.delivery_state,
    senderType: row.sender_type,
    senderId: row.sender_id ?? undefined,
    sourceMessageId: row.source_message_id ?? undefined,
    sentAt: row.sent_at,
  };
}
