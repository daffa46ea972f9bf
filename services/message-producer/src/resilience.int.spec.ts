import {
  authenticateVisitor,
  connectMessagingChannel,
  listMessages,
  sendAsVisitor,
  sendMessage,
} from '@ringdown/contracts';
import { newId, silentLogger } from '@ringdown/core';
import { openDatabase } from '@ringdown/database';
import {
  breakableDatabase,
  createTestDatabase,
  databaseOutageSuite,
  describeWithPostgres,
  insist,
  waitUntil,
} from '@ringdown/testing';
import { Harness } from './testing/harness';
import { sourceConversation } from './testing/source';

describeWithPostgres('message-producer and a server that goes away', () => {
  const open = (url: string) => openDatabase({ url, logger: silentLogger });

  databaseOutageSuite({ open, build: (database) => Harness.build(database) });

  it('takes every message once, in order, and tells and delivers it, though connections break', async () => {
    const { url, proxy } = await breakableDatabase();
    const database = await open(url);
    const h = await Harness.start(database);
    const account_id = newId();
    const { channel } = await h.ask(connectMessagingChannel, {
      account_id,
      source: 'chat_plugin',
      source_channel_id: 'site',
    });
    const { token, session } = await h.ask(authenticateVisitor, { channel_id: channel.id });
    const { conversation_id } = session;

    const rounds = 20;
    for (let n = 0; n < rounds; n += 1) {
      const [asked, answered] = [newId(), newId()];
      if (n % 5 === 3) setImmediate(() => proxy.cut());
      // The second time as one whose first answer was lost behind the commit.
      for (let time = 0; time < 2; time += 1) {
        await insist(() => h.ask(sendAsVisitor, { token, message: n + 1 }, { requestId: asked }));
        await insist(() =>
          h.ask(sendMessage, { account_id, conversation_id, message: -(n + 1) }, { requestId: answered }),
        );
      }
    }

    const list = () => h.ask(listMessages, { account_id, conversation_id, page_size: 100 });
    await waitUntil(async () => (await list()).data.every((one) => one.delivery_state === 'DELIVERED'));
    const { data } = await list();
    expect(data.map(({ content }) => Number(content)).reverse()).toEqual(
      Array.from({ length: rounds }, (_, n) => [n + 1, -(n + 1)]).flat(),
    );
    const firstSeen = () => h.firstSeenAbout(conversation_id);
    // Of a visitor's message one event and one count; of an answer PENDING and DELIVERED.
    await waitUntil(() => firstSeen().length === rounds * 4);
    const counts = firstSeen().filter(({ name }) => name === 'unread_count');
    expect(counts.map(({ payload }) => payload['unread_message_count'])).toEqual(
      Array.from({ length: rounds }, (_, n) => n + 1),
    );
    await h.stop();
    await database.close();
  });

  it('delivers each message once when two processes share the work', async () => {
    const server = await createTestDatabase();
    const [mine, theirs] = [await open(server.url), await open(server.url)];
    const attempts: string[] = [];
    const callback = {
      post: ({ headers }: { headers: Readonly<Record<string, string>> }) => {
        attempts.push(String(headers['idempotency-key']));
        return Promise.resolve({ kind: 'accepted' as const });
      },
    };
    const one = await Harness.start(mine, { callback });
    const two = await Harness.start(theirs, { callback });
    const account_id = newId();
    const sent: string[] = [];
    for (let n = 0; n < 8; n += 1) {
      const { conversation_id } = await sourceConversation(one, account_id, String(n));
      for (const h of [one, two, one, two, one]) {
        sent.push((await h.ask(sendMessage, { account_id, conversation_id, message: n })).id);
      }
    }

    await waitUntil(() => attempts.length >= sent.length);
    expect([...attempts].sort()).toEqual([...sent].sort());
    await one.stop();
    await two.stop();
    await mine.close();
    await theirs.close();
  });
});
