import {
  MAX_MESSAGE_CONTENT_BYTES,
  authenticateVisitor,
  describeVisitor,
  disconnectMessagingChannel,
  listConversations,
  listMessages,
  sendAsVisitor,
} from '@ringdown/contracts';
import { newId } from '@ringdown/core';
import { TIME, UUID, type DataFixture } from './fixture';

/** Who talks through a chat plugin. */
export function visitors(suite: DataFixture): void {
  const { ask, chatPlugin, connect, visit } = suite;

  describe('a visitor', () => {
    it('says something: the message is announced, then the unread count', async () => {
      const { channel_id, conversation_id, first } = await visit();

      expect(first).toEqual({
        conversation_id,
        channel_id,
        message: {
          id: expect.stringMatching(UUID) as string,
          content: '{"text":"Hello World"}',
          delivery_state: 'DELIVERED',
          sender_type: 'source_contact',
          sent_at: '2026-02-03T04:05:06.070Z',
        },
      });
      const [message, unread] = await suite.h.eventsOf(conversation_id, 2);
      expect(message).toMatchObject({ name: 'message', accountId: suite.account_id, payload: first });
      expect(message?.payload).toEqual(first);
      expect(unread?.name).toBe('unread_count');
      expect(unread?.payload).toEqual({
        conversation_id,
        unread_message_count: 1,
        timestamp: expect.stringMatching(TIME) as string,
      });
    });

    it('has no conversation before the first message', async () => {
      await ask(authenticateVisitor, { channel_id: await chatPlugin() });

      expect(await ask(listConversations, { account_id: suite.account_id })).toEqual({
        data: [],
        response_metadata: { previous_cursor: null, next_cursor: null, filtered_total: 0, total: 0 },
      });
    });

    it('comes back to its conversation with its token', async () => {
      const { channel_id, conversation_id, first, token } = await visit();

      const back = await ask(authenticateVisitor, { channel_id, resume_token: token });

      expect(back.token).not.toBe(token);
      expect(back.session).toMatchObject({ account_id: suite.account_id, channel_id, conversation_id });
      expect(back.messages).toEqual([first.message]);
      expect(await ask(describeVisitor, { token: back.token })).toEqual(back.session);
    });

    it('is refused with a token that is unknown, of another channel or expired', async () => {
      const { token, channel_id } = await visit();
      const other = (await connect({ source: 'chat_plugin', source_channel_id: 'other' })).channel.id;
      const unauthorized = { code: 'unauthorized' };

      await expect(ask(describeVisitor, { token: 'x' })).rejects.toMatchObject(unauthorized);
      await expect(
        ask(authenticateVisitor, { channel_id: other, resume_token: token }),
      ).rejects.toMatchObject(unauthorized);
      const before = suite.now;
      suite.now += 3_600_000;
      await expect(ask(sendAsVisitor, { token, message: 'late' })).rejects.toMatchObject(unauthorized);
      await expect(ask(authenticateVisitor, { channel_id, resume_token: token })).rejects.toMatchObject(
        unauthorized,
      );
      suite.now = before;
    });

    it('finds no channel that is unknown, of another source or disconnected', async () => {
      const { channel_id, token } = await visit();
      const { channel } = await connect();
      await ask(disconnectMessagingChannel, { account_id: suite.account_id, channel_id });

      for (const id of [newId(), channel.id, channel_id]) {
        await expect(ask(authenticateVisitor, { channel_id: id })).rejects.toMatchObject({
          code: 'not_found',
        });
      }
      await expect(ask(sendAsVisitor, { token, message: 'x' })).rejects.toMatchObject({
        code: 'forbidden',
      });
    });

    it('is heard once when the request is repeated', async () => {
      const { say, conversation_id } = await visit();
      const requestId = newId();

      const once = await say('again', requestId);
      expect(await say('again', requestId)).toEqual(once);

      expect(
        (await ask(listMessages, { account_id: suite.account_id, conversation_id })).response_metadata.total,
      ).toBe(2);
      await expect(say('something else', requestId)).rejects.toMatchObject({ code: 'conflict' });
    });

    it('may not say too much', async () => {
      const { say } = await visit();

      await expect(say('x'.repeat(MAX_MESSAGE_CONTENT_BYTES))).rejects.toMatchObject({ code: 'too_large' });
      expect((await say('x'.repeat(MAX_MESSAGE_CONTENT_BYTES - 2))).message.content).toHaveLength(
        MAX_MESSAGE_CONTENT_BYTES,
      );
    });
  });
}
