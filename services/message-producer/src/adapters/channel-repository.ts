import type { Selectable } from 'kysely';
import type { Channel } from '../domain/channel';
import { notFound } from '../domain/errors';
import type { ChannelStore } from '../ports';
import type { MessagingTables, Queries } from './tables';

export class ChannelRepository implements ChannelStore {
  constructor(private readonly db: Queries) {}

  async claim(channel: Channel, nowMs: number): Promise<{ channel: Channel; created: boolean }> {
    const inserted = await this.db
      .insertInto('messaging_channels')
      .values({
        id: channel.id,
        account_id: channel.accountId,
        source: channel.source,
        source_channel_id: channel.sourceChannelId,
        created_at: nowMs,
        ...changeable(channel),
      })
      .onConflict((conflict) => conflict.column('id').doNothing())
      .returning('id')
      .executeTakeFirst();
    if (inserted) return { channel, created: true };
    return { channel: await this.get(channel.accountId, channel.id, { lock: true }), created: false };
  }

  async update(channel: Channel): Promise<void> {
    await this.db
      .updateTable('messaging_channels')
      .set(changeable(channel))
      .where('id', '=', channel.id)
      .execute();
  }

  async get(accountId: string, id: string, options: { lock?: boolean } = {}): Promise<Channel> {
    let query = this.db
      .selectFrom('messaging_channels')
      .selectAll()
      .where('id', '=', id)
      .where('account_id', '=', accountId);
    if (options.lock) query = query.forUpdate();
    const row = await query.executeTakeFirst();
    if (!row) throw notFound('channel');
    return channelOf(row);
  }

  async find(id: string): Promise<Channel | undefined> {
    const row = await this.db
      .selectFrom('messaging_channels')
      .selectAll()
      .where('id', '=', id)
      .executeTakeFirst();
    return row && channelOf(row);
  }

  async list(accountId: string, source: string | undefined): Promise<readonly Channel[]> {
    let query = this.db
      .selectFrom('messaging_channels')
      .selectAll()
      .where('account_id', '=', accountId)
      .where('connected', '=', true);
    if (source !== undefined) query = query.where('source', '=', source);
    return (await query.orderBy('name').orderBy('id').execute()).map(channelOf);
  }
}

export function channelOf(row: Selectable<MessagingTables['messaging_channels']>): Channel {
  return {
    id: row.id,
    accountId: row.account_id,
    source: row.source,
    sourceChannelId: row.source_channel_id,
    name: row.name,
    imageUrl: row.image_url ?? undefined,
    connected: row.connected,
    callbackUrl: row.callback_url ?? undefined,
    token: row.token ?? undefined,
    secret: row.secret ?? undefined,
  };
}

function changeable(channel: Channel) {
  return {
    name: channel.name,
    image_url: channel.imageUrl ?? null,
    connected: channel.connected,
    callback_url: channel.callbackUrl ?? null,
    token: channel.token ?? null,
    secret: channel.secret ?? null,
  };
}
