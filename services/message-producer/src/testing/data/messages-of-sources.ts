import { getConversation, listConversations, receiveSourceMessage } from '@ringdown/contracts';
import { newId } from '@ringdown/core';
import { signatureOf } from '../../domain/signature';
import type { DataFixture } from './fixture';

/** What comes in signed. */
export function messagesOfSources(suite: DataFixture): void {
  const { ask, chatPlugin, connect, signed } = suite;

  describe('messages of a source', () => {
    const body = (channel_id: string, id = newId()) => ({
      channel_id,
      source_conversation_id: '+49170111',
      contact: { display_name: 'Ann', avatar_url: 'https://x.example/ann.png' },
      message: { id, content: { text: 'Where is my order?' }, sent_at: '2026-02-03T03:00:00Z' },
    });

    it('are taken when they bear the signature of their channel', async () => {
      const { channel, secret } = await connect();
      const answer = await ask(receiveSourceMessage, {
        source: 'twilio.sms',
        ...signed(secret!, body(channel.id)),
      });

      expect(answer).toMatchObject({
        channel_id: channel.id,
        duplicate: false,
        message: {
          content: '{"text":"Where is my order?"}',
          delivery_state: 'DELIVERED',
          sender_type: 'source_contact',
          sent_at: '2026-02-03T03:00:00.000Z',
        },
      });
      const { conversation_id } = answer;
      const events = await suite.h.eventsOf(conversation_id, 2);
      expect(events.map(({ name }) => name)).toEqual(['message', 'unread_count']);
      expect(await ask(getConversation, { account_id: suite.account_id, conversation_id })).toEqual({
        id: conversation_id,
        created_at: '2026-02-03T04:05:06.070Z',
        channel: { id: channel.id, name: channel.name, source: 'twilio.sms' },
        tags: [],
        contact: { display_name: 'Ann', avatar_url: 'https://x.example/ann.png', info: {} },
        metadata: {},
        last_message: answer.message,
        unread_message_count: 1,
      });
    });

    it('are refused without telling why when signature, age, source or channel do not fit', async () => {
      const { channel, secret } = await connect();
      const chat = await chatPlugin();
      const other = await connect({ source_channel_id: 'other' });
      const good = signed(secret!, body(channel.id));
      const attempts = [
        { ...good, signature: good.signature.replace(/.$/, (digit) => (digit === '0' ? '1' : '0')) },
        { ...good, signature: 'x' },
        { ...good, body: `${good.body} ` },
        { ...good, timestamp: String(Number(good.timestamp) + 1) },
        { ...good, timestamp: `${good.timestamp}.0` },
        signed(secret!, body(channel.id), suite.now - 301_000),
        signed(secret!, body(channel.id), suite.now + 302_000),
        signed(other.secret!, body(channel.id)),
        signed(secret!, body(newId())),
        signed('no channel has this secret', body(newId())),
        signed('no channel has this secret', body(chat)),
        { ...good, body: 'no JSON' },
        { ...good, source: 'google' },
      ];
      for (const attempt of attempts) {
        await expect(ask(receiveSourceMessage, { source: 'twilio.sms', ...attempt })).rejects.toMatchObject({
          code: 'unauthorized',
        });
      }
      await ask(receiveSourceMessage, {
        source: 'twilio.sms',
        ...good,
        signature: `sha256=${good.signature.toUpperCase()}`,
      });
    });

    it('with faults are named by field, once the signature fits', async () => {
      const { channel, secret } = await connect();
      await expect(
        ask(receiveSourceMessage, {
          source: 'twilio.sms',
          ...signed(secret!, { channel_id: channel.id, message: { id: '1' }, sender_type: 'app_user' }),
        }),
      ).rejects.toMatchObject({
        code: 'validation_failed',
        details: {
          source_conversation_id: expect.anything() as unknown,
          sender_type: expect.anything() as unknown,
          'message.content': expect.anything() as unknown,
        },
      });
    });

    it('that are nested beyond reason are refused', async () => {
      const { channel, secret } = await connect();
      const deep = `${'['.repeat(60_000)}${']'.repeat(60_000)}`;
      const text = JSON.stringify(body(channel.id)).replace('{"text":"Where is my order?"}', deep);
      const timestamp = String(Math.floor(suite.now / 1000));
      await expect(
        ask(receiveSourceMessage, {
          source: 'twilio.sms',
          timestamp,
          body: text,
          signature: signatureOf(secret!, timestamp, text),
        }),
      ).rejects.toMatchObject({ code: expect.stringMatching(/^(validation_failed|too_large)$/) as string });
    });

    it('that come twice are taken once', async () => {
      const { channel, secret } = await connect();
      const request = { source: 'twilio.sms', ...signed(secret!, body(channel.id)) };
      const [first, second] = await Promise.all([
        ask(receiveSourceMessage, request),
        ask(receiveSourceMessage, request),
      ]);

      expect([first.duplicate, second.duplicate].sort()).toEqual([false, true]);
      expect(second.message).toEqual(first.message);
      expect(
        (await ask(listConversations, { account_id: suite.account_id })).data[0]?.unread_message_count,
      ).toBe(1);
    });

    it('by the business itself are not unread, and the future counts as now', async () => {
      const { channel, secret } = await connect();
      const late = body(channel.id);
      const answer = await ask(receiveSourceMessage, {
        source: 'twilio.sms',
        ...signed(secret!, {
          ...late,
          sender_type: 'source_user',
          message: { ...late.message, sent_at: '+020026-01-01T00:00:00Z' },
        }),
      });

      expect(answer.message).toMatchObject({
        sender_type: 'source_user',
        sent_at: '2026-02-03T04:05:06.070Z',
      });
      const { data } = await ask(listConversations, { account_id: suite.account_id });
      expect(data[0]?.unread_message_count).toBe(0);
    });
  });
}
