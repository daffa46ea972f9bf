import {
  MAX_MESSAGE_CONTENT_BYTES,
  authenticateVisitor,
  connectMessagingChannel,
  createTag,
  deleteTag,
  describeVisitor,
  disconnectMessagingChannel,
  getConversation,
  getDelivery,
  listConversations,
  listMessages,
  listMessagingChannels,
  listTags,
  readConversation,
  receiveSourceMessage,
  removeMetadata,
  sendAsVisitor,
  sendMessage,
  setMetadata,
  tagConversation,
  untagConversation,
  updateTag,
  type ConnectChannelRequest,
  type MessageEnvelope,
} from '@ringdown/contracts';
import { newId, silentLogger } from '@ringdown/core';
import type { Database } from '@ringdown/database';
import { waitUntil } from '@ringdown/testing';
import { repositoriesOver } from '../adapters/repositories';
import type { MessagingTables } from '../adapters/tables';
import { Janitor } from '../app/janitor';
import { signatureOf } from '../domain/signature';
import { Harness } from './harness';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[57][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

/** What holds on every database. Runs on PGlite and on a real server. */
export function dataSuite(open: () => Promise<Database>): void {
  let database: Database;
  let h: Harness;
  /** Stands still unless a test moves it. */
  let now = Date.parse('2026-02-03T04:05:06.070Z');
  /** An account of its own for each test. */
  let account_id: string;

  beforeAll(async () => {
    database = await open();
    h = await Harness.start(database, { clock: () => now });
  }, 60_000);

  afterAll(async () => {
    await h.stop();
    await database.close();
  }, 60_000);

  beforeEach(() => {
    account_id = newId();
  });

  const connect = (request: Partial<ConnectChannelRequest> = {}, requestId?: string) =>
    h.ask(
      connectMessagingChannel,
      { account_id, source: 'twilio.sms', source_channel_id: '+4930555010', ...request },
      requestId,
    );
  const chatPlugin = async (): Promise<string> =>
    (await connect({ source: 'chat_plugin', source_channel_id: 'site', name: 'Site' })).channel.id;
  /** A visitor who has said something. */
  const visit = async (channel_id?: string) => {
    const channel = channel_id ?? (await chatPlugin());
    const { token, session } = await h.ask(authenticateVisitor, { channel_id: channel });
    const say = (message: unknown, requestId?: string): Promise<MessageEnvelope> =>
      h.ask(sendAsVisitor, { token, message }, requestId);
    const first = await say({ text: 'Hello World' });
    return { token, session, say, first, conversation_id: session.conversation_id, channel_id: channel };
  };
  const signed = (secret: string, body: object, at = now) => {
    const text = JSON.stringify(body);
    const timestamp = String(Math.floor(at / 1000));
    return { timestamp, body: text, signature: signatureOf(secret, timestamp, text) };
  };

  describe('channels', () => {
    it('are announced as connected, in the words of the documentation, without account and secrets', async () => {
      const { channel, secret } = await connect({
        source: 'facebook',
        source_channel_id: 'fb-page-id-1',
        name: 'my page 1',
        image_url: 'http://example.org/avatar.jpeg',
        token: 'page-token',
        callback_url: 'https://bridge.example/in',
      });

      const shown = {
        id: expect.stringMatching(UUID) as string,
        name: 'my page 1',
        source: 'facebook',
        source_channel_id: 'fb-page-id-1',
        image_url: 'http://example.org/avatar.jpeg',
      };
      expect(channel).toEqual({ ...shown, connected: true });
      expect(secret).toMatch(/^[0-9a-f]{64}$/);
      const [event] = await h.eventsOf(channel.id, 1);
      expect(event).toMatchObject({
        name: 'channel_connected',
        routingKey: `messaging.channel_connected.${channel.id}`,
        accountId: account_id,
      });
      expect(event?.payload).toEqual(shown);
      const list = await h.ask(listMessagingChannels, { account_id });
      expect(list).toEqual({ data: [channel] });
      for (const told of [event?.text, JSON.stringify(list)]) {
        for (const hidden of ['page-token', secret!, 'bridge.example']) expect(told).not.toContain(hidden);
      }
    });

    it('that are known are changed: the same id, the same event, and the secret is not shown again', async () => {
      const first = await connect({ name: 'Desk', image_url: 'https://x.example/1.png' });
      const second = await connect({ name: 'Front desk' });
      const third = await connect();

      expect(second).toEqual({
        channel: { ...first.channel, name: 'Front desk', image_url: 'https://x.example/1.png' },
      });
      expect(third).toEqual(second);
      const events = await h.eventsOf(first.channel.id, 3);
      expect(events.map(({ name, payload }) => [name, payload['name']])).toEqual([
        ['channel_connected', 'Desk'],
        ['channel_connected', 'Front desk'],
        ['channel_connected', 'Front desk'],
      ]);
    });

    it('have ids that depend on account, source and id at the source', async () => {
      const mine = await connect();
      const otherSource = await connect({ source: 'twilio.whatsapp' });
      const otherAccount = await connect({ account_id: newId() });

      expect(new Set([mine, otherSource, otherAccount].map(({ channel }) => channel.id)).size).toBe(3);
    });

    it('leave the image out of event and list when there is none', async () => {
      const { channel } = await connect();

      expect(channel).toEqual({
        id: channel.id,
        name: '+4930555010',
        source: 'twilio.sms',
        source_channel_id: '+4930555010',
        connected: true,
      });
      const [event] = await h.eventsOf(channel.id, 1);
      expect(Object.keys(event?.payload ?? {})).not.toContain('image_url');
    });

    it('are connected once when the request is repeated, and a lost secret is replaced by a new one', async () => {
      const requestId = newId();
      const first = await connect({}, requestId);
      const again = await connect({}, requestId);

      expect(again.channel).toEqual(first.channel);
      expect(again.secret).toMatch(/^[0-9a-f]{64}$/);
      expect(again.secret).not.toBe(first.secret);
      expect(h.about(first.channel.id)).toHaveLength(1);
    });

    it('are disconnected once', async () => {
      const { channel } = await connect();

      expect(await h.ask(disconnectMessagingChannel, { account_id, channel_id: channel.id })).toEqual({
        already: false,
      });
      expect(await h.ask(disconnectMessagingChannel, { account_id, channel_id: channel.id })).toEqual({
        already: true,
      });
      expect(await h.ask(listMessagingChannels, { account_id })).toEqual({ data: [] });
      const { channel: back } = await connect();
      expect(back.id).toBe(channel.id);
      const events = await h.eventsOf(channel.id, 3);
      expect(events.map(({ name }) => name)).toEqual([
        'channel_connected',
        'channel_disconnected',
        'channel_connected',
      ]);
      const { connected: _, ...shown } = channel;
      expect(events[1]?.payload).toEqual(shown);
    });

    it('of one source are listed and disconnected as such', async () => {
      const { channel } = await connect();
      await chatPlugin();

      expect((await h.ask(listMessagingChannels, { account_id, source: 'twilio.sms' })).data).toEqual([
        channel,
      ]);
      await expect(
        h.ask(disconnectMessagingChannel, { account_id, channel_id: channel.id, source: 'google' }),
      ).rejects.toMatchObject({ code: 'not_found' });
    });

    it.each([
      { source: 'chat_plugin', callback_url: 'https://x.example' },
      { callback_url: 'https://user:word@x.example' },
      { callback_url: 'ftp://x.example' },
      { callback_url: 'nonsense' },
      { source: 'No Source' },
      { source_channel_id: ' ' },
    ])('are refused with %j', async (request) => {
      await expect(connect(request)).rejects.toMatchObject({ code: 'validation_failed' });
    });
  });

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
      const [message, unread] = await h.eventsOf(conversation_id, 2);
      expect(message).toMatchObject({ name: 'message', accountId: account_id, payload: first });
      expect(message?.payload).toEqual(first);
      expect(unread?.name).toBe('unread_count');
      expect(unread?.payload).toEqual({
        conversation_id,
        unread_message_count: 1,
        timestamp: expect.stringMatching(TIME) as string,
      });
    });

    it('has no conversation before the first message', async () => {
      await h.ask(authenticateVisitor, { channel_id: await chatPlugin() });

      expect(await h.ask(listConversations, { account_id })).toEqual({
        data: [],
        response_metadata: { previous_cursor: null, next_cursor: null, filtered_total: 0, total: 0 },
      });
    });

    it('comes back to its conversation with its token', async () => {
      const { channel_id, conversation_id, first, token } = await visit();

      const back = await h.ask(authenticateVisitor, { channel_id, resume_token: token });

      expect(back.token).not.toBe(token);
      expect(back.session).toMatchObject({ account_id, channel_id, conversation_id });
      expect(back.messages).toEqual([first.message]);
      expect(await h.ask(describeVisitor, { token: back.token })).toEqual(back.session);
    });

    it('is refused with a token that is unknown, of another channel or expired', async () => {
      const { token, channel_id } = await visit();
      const other = (await connect({ source: 'chat_plugin', source_channel_id: 'other' })).channel.id;
      const unauthorized = { code: 'unauthorized' };

      await expect(h.ask(describeVisitor, { token: 'x' })).rejects.toMatchObject(unauthorized);
      await expect(
        h.ask(authenticateVisitor, { channel_id: other, resume_token: token }),
      ).rejects.toMatchObject(unauthorized);
      const before = now;
      now += 3_600_000;
      await expect(h.ask(sendAsVisitor, { token, message: 'late' })).rejects.toMatchObject(unauthorized);
      await expect(h.ask(authenticateVisitor, { channel_id, resume_token: token })).rejects.toMatchObject(
        unauthorized,
      );
      now = before;
    });

    it('finds no channel that is unknown, of another source or disconnected', async () => {
      const { channel_id, token } = await visit();
      const { channel } = await connect();
      await h.ask(disconnectMessagingChannel, { account_id, channel_id });

      for (const id of [newId(), channel.id, channel_id]) {
        await expect(h.ask(authenticateVisitor, { channel_id: id })).rejects.toMatchObject({
          code: 'not_found',
        });
      }
      await expect(h.ask(sendAsVisitor, { token, message: 'x' })).rejects.toMatchObject({
        code: 'forbidden',
      });
    });

    it('is heard once when the request is repeated', async () => {
      const { say, conversation_id } = await visit();
      const requestId = newId();

      const once = await say('again', requestId);
      expect(await say('again', requestId)).toEqual(once);

      expect((await h.ask(listMessages, { account_id, conversation_id })).response_metadata.total).toBe(2);
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

  describe('unread counts', () => {
    it('fall to 0 on reading and grow with messages of the contact only', async () => {
      const { say, conversation_id } = await visit();
      await say(2);
      expect(await h.ask(readConversation, { account_id, conversation_id })).toEqual({});
      await h.ask(sendMessage, { account_id, conversation_id, message: 'answer' });
      await say(3);

      expect((await h.ask(getConversation, { account_id, conversation_id })).unread_message_count).toBe(1);
      // 3 + 1 + 2 of the answer + 1 messages, and 2 + 1 + 1 counts.
      const events = await h.eventsOf(conversation_id, 9);
      const counts = events.filter(({ name }) => name === 'unread_count');
      expect(counts.map(({ payload }) => payload['unread_message_count'])).toEqual([1, 2, 0, 1]);
    });

    it('have times that always grow, though the clock stands still and many speak at once', async () => {
      const { say, conversation_id } = await visit();
      await Promise.all(Array.from({ length: 24 }, (_, n) => say(n)));
      await h.ask(readConversation, { account_id, conversation_id });

      const events = await h.eventsOf(conversation_id, 51);
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
      await h.ask(readConversation, { account_id, conversation_id });
      await Promise.all([
        say('a'),
        say('b'),
        h.ask(sendMessage, { account_id, conversation_id, message: 1 }),
      ]);

      const tables = database.tables<MessagingTables>();
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
      for (let n = 0; n < 2; n += 1) await h.ask(readConversation, { account_id, conversation_id });

      const events = await h.eventsOf(conversation_id, 4);
      expect(events.slice(2).map(({ payload }) => payload['unread_message_count'])).toEqual([0, 0]);
    });
  });

  describe('messages to a visitor', () => {
    it('are taken as PENDING and DELIVERED once committed, under one id', async () => {
      const { conversation_id, channel_id } = await visit();
      const answer = await h.ask(sendMessage, {
        account_id,
        conversation_id,
        user_id: 'u1',
        message: { text: 'Hi', nested: [1, { two: null }] },
      });

      expect(answer).toEqual({
        id: expect.stringMatching(UUID) as string,
        content: '{"text":"Hi","nested":[1,{"two":null}]}',
        delivery_state: 'PENDING',
        sender_type: 'app_user',
        sent_at: '2026-02-03T04:05:06.070Z',
      });
      const events = (await h.eventsOf(conversation_id, 4)).slice(2);
      expect(events.map(({ payload }) => payload)).toEqual([
        { conversation_id, channel_id, message: answer },
        { conversation_id, channel_id, message: { ...answer, delivery_state: 'DELIVERED' } },
      ]);
      expect(await h.ask(getDelivery, { account_id, message_id: answer.id })).toEqual({
        message_id: answer.id,
        delivery_state: 'DELIVERED',
        attempts: 1,
      });
      const { data } = await h.ask(listMessages, { account_id, conversation_id });
      expect(data[0]).toEqual({ ...answer, delivery_state: 'DELIVERED' });
    });

    it('are sent once when the request is repeated', async () => {
      const { conversation_id } = await visit();
      const requestId = newId();
      const request = { account_id, conversation_id, message: 'x' };

      const answer = await h.ask(sendMessage, request, requestId);
      expect(await h.ask(sendMessage, request, requestId)).toEqual(answer);

      const { response_metadata } = await h.ask(listMessages, { account_id, conversation_id });
      expect(response_metadata.total).toBe(2);
    });

    it('are refused when the channel is disconnected', async () => {
      const { conversation_id, channel_id } = await visit();
      await h.ask(disconnectMessagingChannel, { account_id, channel_id });

      await expect(h.ask(sendMessage, { account_id, conversation_id, message: 'x' })).rejects.toMatchObject({
        code: 'forbidden',
      });
    });
  });

  describe('messages of a source', () => {
    const body = (channel_id: string, id = newId()) => ({
      channel_id,
      source_conversation_id: '+49170111',
      contact: { display_name: 'Ann', avatar_url: 'https://x.example/ann.png' },
      message: { id, content: { text: 'Where is my order?' }, sent_at: '2026-02-03T03:00:00Z' },
    });

    it('are taken when they bear the signature of their channel', async () => {
      const { channel, secret } = await connect();
      const answer = await h.ask(receiveSourceMessage, {
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
      const events = await h.eventsOf(conversation_id, 2);
      expect(events.map(({ name }) => name)).toEqual(['message', 'unread_count']);
      expect(await h.ask(getConversation, { account_id, conversation_id })).toEqual({
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
        signed(secret!, body(channel.id), now - 301_000),
        signed(secret!, body(channel.id), now + 302_000),
        signed(other.secret!, body(channel.id)),
        signed(secret!, body(newId())),
        signed('no channel has this secret', body(newId())),
        signed('no channel has this secret', body(chat)),
        { ...good, body: 'no JSON' },
        { ...good, source: 'google' },
      ];
      for (const attempt of attempts) {
        await expect(h.ask(receiveSourceMessage, { source: 'twilio.sms', ...attempt })).rejects.toMatchObject(
          { code: 'unauthorized' },
        );
      }
      await h.ask(receiveSourceMessage, {
        source: 'twilio.sms',
        ...good,
        signature: `sha256=${good.signature.toUpperCase()}`,
      });
    });

    it('with faults are named by field, once the signature fits', async () => {
      const { channel, secret } = await connect();
      await expect(
        h.ask(receiveSourceMessage, {
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
      const timestamp = String(Math.floor(now / 1000));
      await expect(
        h.ask(receiveSourceMessage, {
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
        h.ask(receiveSourceMessage, request),
        h.ask(receiveSourceMessage, request),
      ]);

      expect([first.duplicate, second.duplicate].sort()).toEqual([false, true]);
      expect(second.message).toEqual(first.message);
      expect((await h.ask(listConversations, { account_id })).data[0]?.unread_message_count).toBe(1);
    });

    it('by the business itself are not unread, and the future counts as now', async () => {
      const { channel, secret } = await connect();
      const late = body(channel.id);
      const answer = await h.ask(receiveSourceMessage, {
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
      const { data } = await h.ask(listConversations, { account_id });
      expect(data[0]?.unread_message_count).toBe(0);
    });
  });

  describe('lists', () => {
    it('of conversations lead from page to page and back, newest message first', async () => {
      const channel_id = await chatPlugin();
      const visitors: Awaited<ReturnType<typeof visit>>[] = [];
      for (let n = 0; n < 5; n += 1) {
        now += 1;
        visitors.push(await visit(channel_id));
      }
      now += 1;
      await visitors[1]!.say('once more');
      const expected = [1, 4, 3, 2, 0].map((n) => visitors[n]!.conversation_id);
      const page = (cursor?: string | null) =>
        h.ask(listConversations, { account_id, page_size: 2, ...(cursor ? { cursor } : {}) });

      const first = await page();
      const second = await page(first.response_metadata.next_cursor);
      const third = await page(second.response_metadata.next_cursor);

      expect([first, second, third].flatMap(({ data }) => data.map(({ id }) => id))).toEqual(expected);
      expect(first.response_metadata).toMatchObject({ previous_cursor: null, total: 5, filtered_total: 5 });
      expect(third.response_metadata.next_cursor).toBeNull();
      expect(await page(third.response_metadata.previous_cursor)).toEqual(second);
      expect((await page(second.response_metadata.previous_cursor)).data).toEqual(first.data);
    });

    it('of messages are newest first', async () => {
      const { say, conversation_id } = await visit();
      for (const n of [1, 2, 3]) await say(n);
      const page = (cursor?: string | null) =>
        h.ask(listMessages, { account_id, conversation_id, page_size: 3, ...(cursor ? { cursor } : {}) });

      const first = await page();
      const second = await page(first.response_metadata.next_cursor);

      expect([...first.data, ...second.data].map(({ content }) => content)).toEqual([
        '3',
        '2',
        '1',
        '{"text":"Hello World"}',
      ]);
      expect(second.response_metadata).toMatchObject({ next_cursor: null, total: 4 });
      expect((await page(second.response_metadata.previous_cursor)).data).toEqual(first.data);
    });

    it('of large messages end early and go on', async () => {
      const { say, conversation_id } = await visit();
      for (let n = 0; n < 40; n += 1) await say('x'.repeat(60_000));

      const first = await h.ask(listMessages, { account_id, conversation_id, page_size: 100 });
      const second = await h.ask(listMessages, {
        account_id,
        conversation_id,
        page_size: 100,
        cursor: first.response_metadata.next_cursor!,
      });

      expect(first.data.length).toBeLessThan(41);
      expect(first.data.length + second.data.length).toBe(41);
    });

    it('refuse cursors that are none', async () => {
      const { conversation_id } = await visit();
      const refused = { code: 'validation_failed', details: { cursor: expect.anything() as unknown } };

      await expect(h.ask(listConversations, { account_id, cursor: 'x' })).rejects.toMatchObject(refused);
      await expect(h.ask(listMessages, { account_id, conversation_id, cursor: 'x' })).rejects.toMatchObject(
        refused,
      );
    });
  });

  describe('notes on conversations', () => {
    it('are metadata by levels, of which some show in the contact', async () => {
      const { conversation_id } = await visit();
      const set = (key: string, value: string | number | boolean) =>
        h.ask(setMetadata, { account_id, conversation_id, key, value });
      const info = () => h.ask(getConversation, { account_id, conversation_id });
      expect((await info()).contact).toEqual({
        display_name: `Chat plugin ${conversation_id.slice(-5)}`,
        avatar_url: null,
        info: {},
      });

      await set('contact.display_name', 'Ann');
      await set('contact.city', 'Berlin');
      await set('order', 'x');
      await set('order.id', 7);
      await set('order.open', true);

      expect(await info()).toMatchObject({
        contact: { display_name: 'Ann', info: { city: 'Berlin' } },
        metadata: { order: { id: 7, open: true } },
      });
      await h.ask(removeMetadata, { account_id, conversation_id, key: 'order' });
      await h.ask(removeMetadata, { account_id, conversation_id, key: 'order' });
      expect((await info()).metadata).toEqual({ contact: { display_name: 'Ann', city: 'Berlin' } });
      for (const key of ['', 'a..b', '__proto__', 'a.__proto__.b', 'a b']) {
        await expect(set(key, 1)).rejects.toMatchObject({ code: 'validation_failed' });
      }
    });

    it('are tags, made, changed, set, taken off and deleted', async () => {
      const { conversation_id } = await visit();
      const red = await h.ask(createTag, { account_id, name: 'urgent', color: 'tag-red' });
      const blue = await h.ask(createTag, { account_id, name: 'cool', color: 'tag-blue' });
      const tags = async () => (await h.ask(getConversation, { account_id, conversation_id })).tags;
      const on = (tag_id: string) => h.ask(tagConversation, { account_id, conversation_id, tag_id });

      for (const { id } of [red, red, blue]) await on(id);
      expect(await tags()).toEqual([red.id, blue.id].sort());
      await h.ask(untagConversation, { account_id, conversation_id, tag_id: red.id });
      await h.ask(untagConversation, { account_id, conversation_id, tag_id: red.id });
      expect(await tags()).toEqual([blue.id]);
      expect(await h.ask(updateTag, { account_id, id: red.id, name: 'calm' })).toEqual({
        ...red,
        name: 'calm',
      });
      expect(await h.ask(listTags, { account_id })).toEqual({ tags: [{ ...red, name: 'calm' }, blue] });
      await h.ask(deleteTag, { account_id, id: blue.id });
      expect(await tags()).toEqual([]);
      await expect(on(blue.id)).rejects.toMatchObject({ code: 'not_found' });
    });
  });

  it('shows and changes nothing of another account', async () => {
    const { conversation_id, channel_id, first } = await visit();
    const tag = await h.ask(createTag, { account_id, name: 'mine', color: 'tag-red' });
    const eventsBefore = (await h.eventsOf(conversation_id, 2)).length;
    const other = { account_id: newId() };
    const foreignTag = await h.ask(createTag, { ...other, name: 'theirs', color: 'tag-red' });
    const there = { ...other, conversation_id };
    const attempts = [
      h.ask(disconnectMessagingChannel, { ...other, channel_id }),
      h.ask(getConversation, there),
      h.ask(readConversation, there),
      h.ask(listMessages, there),
      h.ask(sendMessage, { ...there, message: 'x' }),
      h.ask(getDelivery, { ...other, message_id: first.message.id }),
      h.ask(setMetadata, { ...there, key: 'a', value: 1 }),
      h.ask(removeMetadata, { ...there, key: 'a' }),
      h.ask(tagConversation, { ...there, tag_id: foreignTag.id }),
      h.ask(untagConversation, { ...there, tag_id: foreignTag.id }),
      h.ask(tagConversation, { account_id, conversation_id, tag_id: foreignTag.id }),
      h.ask(updateTag, { ...other, id: tag.id, name: 'x' }),
      h.ask(deleteTag, { ...other, id: tag.id }),
    ];

    for (const attempt of await Promise.allSettled(attempts)) {
      expect(attempt).toMatchObject({ status: 'rejected', reason: { code: 'not_found' } });
    }
    expect((await h.ask(listMessagingChannels, other)).data).toEqual([]);
    expect((await h.ask(listConversations, other)).data).toEqual([]);
    expect((await h.ask(listTags, other)).tags).toEqual([foreignTag]);
    expect(h.about(conversation_id)).toHaveLength(eventsBefore);
  });

  it('forgets answers after a day and visitors after their time', async () => {
    const { token } = await visit();
    const stores = repositoriesOver(database.tables<MessagingTables>());
    const requestId = newId();
    await connect({}, requestId);
    const janitorAt = (ms: number) => new Janitor(stores, () => ms, silentLogger);

    await janitorAt(now + 3_599_000).sweep();
    expect(await stores.requests.find(requestId)).toBeDefined();
    await h.ask(describeVisitor, { token });
    await janitorAt(now + 25 * 3_600_000).sweep();

    expect(await stores.requests.find(requestId)).toBeUndefined();
    await expect(h.ask(describeVisitor, { token })).rejects.toMatchObject({ code: 'unauthorized' });
  });

  it('leases a delivery to one worker at a time, the oldest of a conversation first, and to another one when time is up', async () => {
    const secret = 'a secret of our own';
    const { channel } = await connect({ secret });
    const stores = repositoriesOver(database.tables<MessagingTables>());
    await waitUntil(async () => (await stores.deliveries.waiting()) === 0);
    await h.service.components.find(({ name }) => name === 'deliveries')?.stop();
    const { conversation_id } = await h.ask(receiveSourceMessage, {
      source: 'twilio.sms',
      ...signed(secret, {
        channel_id: channel.id,
        source_conversation_id: 'x',
        message: { id: '1', content: 1 },
      }),
    });
    const send = (message: string) => h.ask(sendMessage, { account_id, conversation_id, message });
    const older = await send('older');
    const newer = await send('newer');
    const lease = (name: string, nowMs: number) =>
      stores.deliveries.lease({
        lease: name,
        nowMs,
        untilMs: nowMs + 1_000,
        limit: 10,
        perChannel: 10,
        busyChannels: [],
      });

    const [one, two] = await Promise.all([lease('one', now), lease('two', now)]);
    const held = [...one, ...two];
    expect(held.map(({ message, attempt }) => [message.id, attempt])).toEqual([[older.id, 1]]);
    const first = held[0]!.lease;
    expect(await lease('early', now + 999)).toEqual([]);
    const taken = await lease('three', now + 1_000);
    expect(taken.map(({ message, attempt }) => [message.id, attempt])).toEqual([[older.id, 2]]);
    expect(await stores.deliveries.finish(older.id, first, { attempts: 1, reason: undefined })).toBe(false);
    expect(await stores.deliveries.finish(older.id, 'three', { attempts: 2, reason: undefined })).toBe(true);
    const next = await lease('four', now);
    expect(next.map(({ message }) => message.id)).toEqual([newer.id]);
    await stores.deliveries.finish(newer.id, 'four', { attempts: 1, reason: undefined });
    expect(await stores.deliveries.waiting()).toBe(0);
  });
}
