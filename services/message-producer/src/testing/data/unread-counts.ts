import { getConversation, readConversation, sendMessage } from '@ringdown/contracts';
import type { MessagingTables } from '../../adapters/tables';
import type { DataFixture } from './fixture';

/** What is told of how much is unread. */
export function unreadCounts(suite: DataFixture): void {
  const { ask, visit } = suite;

  describe('unread counts', () => {
    it('fall to 0 on reading and grow with messages of the contact only', async () => {
      const { say, conversation_id } = await visit();
      await say(2);
      expect(await ask(readConversation, { account_id: suite.account_id, conversation_id })).toEqual({});
      await ask(sendMessage, { account_id: suite.account_id, conversation_id, message: 'answer' });
      await say(3);

      expect(
        (await ask(getConversation, { account_id: suite.account_id, conversation_id })).unread_message_count,
      ).toBe(1);
      // 3 + 1 + 2 of the answer + 1 messages, and 2 + 1 + 1 counts.
      const events = await suite.h.eventsOf(conversation_id, 9);
      const counts = events.filter(({ name }) => name === 'unread_count');
      expect(counts.map(({ payload }) => payload['unread_message_count'])).toEqual([1, 2, 0, 1]);
    });

    it('have times that always grow, though the clock stands still and many speak at once', async () => {
      const { say, conversation_id } = await visit();
      await Promise.all(Array.from({ length: 24 }, (_, n) => say(n)));
      await ask(readConversation, { account_id: suite.account_id, conversation_id });

      const events = await suite.h.eventsOf(conversation_id, 51);
      const counts = events.filter(({ name }) => name === 'unread_count');
      expect(counts.map(({ payload }) => payload['unread_message_count'])).toEqual([
        ...Array.from({ length: 25 }, (_, n) => n + 1),
        0,
      ]);
      const times = counts.map(({ payload }) => String(payload['timestamp']));
      expect(times).toEqual([...new Set(times)].sort());
      const ids = events
        .filter(({ name }) => name === 'message')
        .map(({ payload }) => (payload['message'] as { id: string }).id);
      expect(ids).toEqual([...new Set(ids)].sort());
    });

    it('are the number of the contact’s messages behind the read marker, by id', async () => {
      const { say, conversation_id } = await visit();
      await ask(readConversation, { account_id: suite.account_id, conversation_id });
      await Promise.all([
        say('a'),
        say('b'),
        ask(sendMessage, { account_id: suite.account_id, conversation_id, message: 1 }),
      ]);

      const tables = suite.database.tables<MessagingTables>();
      const { marker, told } = await tables
        .selectFrom('messaging_conversations')
        .select(['read_message_id as marker', 'unread_count as told'])
        .where('id', '=', conversation_id)
        .executeTakeFirstOrThrow();
      const behind = await tables
        .selectFrom('messaging_messages')
        .select('id')
        .where('conversation_id', '=', conversation_id)
        .where('sender_type', '=', 'source_contact')
        .where('id', '>', String(marker))
        .execute();
      expect(told).toBe(2);
      expect(behind).toHaveLength(2);
    });

    it('of a conversation that is read twice are told twice', async () => {
      const { conversation_id } = await visit();
      for (let n = 0; n < 2; n += 1)
        await ask(readConversation, { account_id: suite.account_id, conversation_id });

      const events = await suite.h.eventsOf(conversation_id, 4);
      expect(events.slice(2).map(({ payload }) => payload['unread_message_count'])).toEqual([0, 0]);
    });
  });
}
