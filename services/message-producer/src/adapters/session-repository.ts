import { forgetRows } from '@ringdown/database';
import type { Session, SessionStore } from '../ports';
import type { Queries } from './tables';

export class SessionRepository implements SessionStore {
  constructor(private readonly db: Queries) {}

  async insert(tokenHash: string, session: Session): Promise<void> {
    await this.db
      .insertInto('messaging_sessions')
      .values({
        token_hash: tokenHash,
        account_id: session.accountId,
        channel_id: session.channelId,
        conversation_id: session.conversationId,
        source_conversation_id: session.sourceConversationId,
        expires_at: session.expiresAt,
      })
      .execute();
  }

  async find(tokenHash: string, nowMs: number): Promise<Session | undefined> {
    const row = await this.db
      .selectFrom('messaging_sessions')
      .selectAll()
      .where('token_hash', '=', tokenHash)
      .where('expires_at', '>', nowMs)
      .executeTakeFirst();
    return (
      row && {
        accountId: row.account_id,
        channelId: row.channel_id,
        conversationId: row.conversation_id,
        sourceConversationId: row.source_conversation_id,
        expiresAt: row.expires_at,
      }
    );
  }

  forget(nowMs: number, limit: number): Promise<number> {
    const expired = {
      table: 'messaging_sessions',
      key: 'token_hash',
      time: 'expires_at',
      until: nowMs,
    } as const;
    return forgetRows(this.db, expired, limit);
  }
}
