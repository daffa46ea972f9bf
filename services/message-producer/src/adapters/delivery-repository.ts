import { sql } from 'kysely';
import type { DeliveryState } from '@ringdown/contracts';
import { notFound } from '../domain/errors';
import type { Message } from '../domain/message';
import type { AttemptRecord, DeliveryStore, LeasedDelivery, LeaseRequest } from '../ports';
import { channelOf } from './channel-repository';
import { messageOf } from './message-repository';
import type { Queries } from './tables';

export class DeliveryRepository implements DeliveryStore {
  constructor(private readonly db: Queries) {}

  async add(message: Message, channelId: string, nowMs: number): Promise<void> {
    await this.db
      .insertInto('messaging_deliveries')
      .values({
        message_id: message.id,
        conversation_id: message.conversationId,
        channel_id: channelId,
        attempts: 0,
        due_at: nowMs,
        lease: null,
        lease_until: 0,
      })
      .execute();
  }

  /** The attempt counts from here: a worker that dies in the middle has used it up, so that no message is tried for ever. */
  async lease(request: LeaseRequest): Promise<readonly LeasedDelivery[]> {
    const leased = await this.db
      .updateTable('messaging_deliveries')
      .set(({ ref }) => ({
        lease: request.lease,
        lease_until: request.untilMs,
        attempts: sql<number>`${ref('attempts')} + 1`,
      }))
      .where('message_id', 'in', () => this.due(request))
      .returning(['message_id', 'attempts'])
      .execute();
    if (leased.length === 0) return [];
    const attempts = new Map(leased.map((row) => [row.message_id, row.attempts]));
    const messages = await this.db
      .selectFrom('messaging_messages')
      .selectAll()
      .where('id', 'in', [...attempts.keys()])
      .orderBy('id')
      .execute();
    const places = await this.db
      .selectFrom('messaging_contacts as p')
      .innerJoin('messaging_channels as ch', 'ch.id', 'p.channel_id')
      .selectAll('ch')
      .select(['p.conversation_id', 'p.source_conversation_id'])
      .where(
        'p.conversation_id',
        'in',
        messages.map((row) => row.conversation_id),
      )
      .execute();
    const placeOf = new Map(places.map((row) => [row.conversation_id, row]));
    return messages.map((row) => {
      const place = placeOf.get(row.conversation_id)!;
      return {
        lease: request.lease,
        leasedUntil: request.untilMs,
        attempt: attempts.get(row.id) ?? 1,
        message: messageOf(row),
        channel: channelOf(place),
        sourceConversationId: place.source_conversation_id,
      };
    });
  }

  async release(lease: string): Promise<void> {
    await this.db
      .updateTable('messaging_deliveries')
      .set(({ ref }) => ({
        lease: null,
        lease_until: 0,
        attempts: sql<number>`${ref('attempts')} - 1`,
      }))
      .where('lease', '=', lease)
      .execute();
  }

  async finish(messageId: string, lease: string, outcome: AttemptRecord): Promise<boolean> {
    const { numDeletedRows } = await this.db
      .deleteFrom('messaging_deliveries')
      .where('message_id', '=', messageId)
      .where('lease', '=', lease)
      .executeTakeFirst();
    if (Number(numDeletedRows) === 0) return false;
    await this.record(messageId, outcome);
    return true;
  }

  async retry(messageId: string, lease: string, outcome: AttemptRecord, dueAt: number): Promise<boolean> {
    const { numUpdatedRows } = await this.db
      .updateTable('messaging_deliveries')
      .set({ due_at: dueAt, lease: null, lease_until: 0, attempts: outcome.attempts })
      .where('message_id', '=', messageId)
      .where('lease', '=', lease)
      .executeTakeFirst();
    if (Number(numUpdatedRows) === 0) return false;
    await this.record(messageId, outcome);
    return true;
  }

  async status(accountId: string, messageId: string): Promise<AttemptRecord & { state: DeliveryState }> {
    const row = await this.db
      .selectFrom('messaging_messages as m')
      .innerJoin('messaging_conversations as c', 'c.id', 'm.conversation_id')
      .select(['m.delivery_state', 'm.attempts', 'm.failure'])
      .where('m.id', '=', messageId)
      .where('c.account_id', '=', accountId)
      .executeTakeFirst();
    if (!row) throw notFound('message');
    return { state: row.delivery_state, attempts: row.attempts, reason: row.failure ?? undefined };
  }

  async waiting(): Promise<number> {
    const { waiting } = await this.db
      .selectFrom('messaging_deliveries')
      .select(({ fn }) => fn.countAll<number>().as('waiting'))
      .executeTakeFirstOrThrow();
    return waiting;
  }

  private async record(messageId: string, { attempts, reason }: AttemptRecord): Promise<void> {
    await this.db
      .updateTable('messaging_messages')
      .set({ attempts, failure: reason ?? null })
      .where('id', '=', messageId)
      .execute();
  }

  /** Ranked first, locked then: rows another worker is just taking are passed over instead of waited for. */
  private due({ nowMs, limit, perChannel, busyChannels }: LeaseRequest) {
    const free = this.db
      .selectFrom('messaging_deliveries as c')
      .select('c.message_id')
      .select(
        sql<number>`row_number() over (partition by c.channel_id order by c.due_at, c.message_id)`.as(
          'place',
        ),
      )
      .where('c.due_at', '<=', nowMs)
      .where('c.lease_until', '<=', nowMs)
      .where(({ not, exists, selectFrom }) =>
        not(
          exists(
            selectFrom('messaging_deliveries as e')
              .select('e.message_id')
              .whereRef('e.conversation_id', '=', 'c.conversation_id')
              .whereRef('e.message_id', '<', 'c.message_id'),
          ),
        ),
      );
    const ranked = busyChannels.length === 0 ? free : free.where('c.channel_id', 'not in', busyChannels);
    return this.db
      .selectFrom('messaging_deliveries as d')
      .select('d.message_id')
      .where('d.message_id', 'in', ({ selectFrom }) =>
        selectFrom(ranked.as('r')).select('r.message_id').where('r.place', '<=', perChannel),
      )
      .where('d.due_at', '<=', nowMs)
      .where('d.lease_until', '<=', nowMs)
      .orderBy('d.due_at')
      .limit(limit)
      .forUpdate()
      .skipLocked();
  }
}
