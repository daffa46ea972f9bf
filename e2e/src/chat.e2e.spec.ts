import { createHmac, randomUUID } from 'node:crypto';
import { ApiClient, waitUntil } from '@ringdown/testing';
import { ChatVisitor } from './chat-visitor';
import { expectStatus } from './family-tree';
import { freshSettings, login, startOneProcess, type Environment } from './one-process';
import { StompByHand } from './stomp-by-hand';

type Body = Readonly<Record<string, unknown>>;

describe('a conversation in one process', () => {
  let env: Environment;
  beforeAll(async () => {
    const nobodyElse = { RINGDOWN_CALL_SOURCE: 'none', RINGDOWN_MESSAGING_SIMULATOR: 'false' };
    env = { ...(await freshSettings()), ...nobodyElse };
    await startOneProcess(env);
  }, 120_000);

  const scene = async () => {
    const base = `http://127.0.0.1:${env['RINGDOWN_API_PORT']}`;
    const admin = await login(env);
    const post = async (path: string, body: Body, token = admin.token!): Promise<Body> => {
      const answer = await new ApiClient(base).request('POST', path, undefined, {
        rawBody: JSON.stringify(body),
        headers: { Authorization: token },
      });
      expect([200, 202]).toContain(answer.status);
      return answer.envelope;
    };
    return { admin, post };
  };

  it.each(['RINGDOWN_WS_PORT', 'RINGDOWN_API_PORT'])(
    'goes from connect to disconnect, and STOMP tells each step (%s)',
    async (port) => {
      const { admin, post } = await scene();
      const stomp = await StompByHand.connect(`ws://127.0.0.1:${env[port]}/ws.communication`, admin.token!);
      for (const queue of ['message', 'unread-count', 'channel/connected', 'channel/disconnected']) {
        expect(await stomp.subscribe(`/queue/${queue}`)).toBe(true);
      }
      let told = 0;
      const next = async (destination: string, members: Body): Promise<void> => {
        await waitUntil(() => stomp.messages().length > told, { what: destination });
        const { headers, body } = stomp.messages()[told++]!;
        expect(headers['destination']).toBe(destination);
        expect(JSON.parse(body)).toMatchObject(members);
      };

      const channel = await post('/chatplugin.connect', { name: `site of ${port}` });
      await next('/queue/channel/connected', { id: channel['id'], source: 'chat_plugin' });

      const visitor = await post('/chatplugin.authenticate', { channel_id: channel['id'] });
      await post('/chatplugin.send', { message: { text: 'Where is it?' } }, String(visitor['token']));
      const conversation = { conversation_id: visitor['conversation_id'] };
      const state = (text: string, delivery_state: string): Body => ({
        ...conversation,
        message: expect.objectContaining({ content: JSON.stringify({ text }), delivery_state }) as unknown,
      });
      await next('/queue/message', state('Where is it?', 'DELIVERED'));
      await next('/queue/unread-count', { ...conversation, unread_message_count: 1 });

      await post('/conversations.read', conversation);
      await next('/queue/unread-count', { ...conversation, unread_message_count: 0 });

      const sent = await post('/messages.send', { ...conversation, message: { text: 'Here' } });
      expect(sent).toMatchObject({ delivery_state: 'PENDING' });
      await next('/queue/message', state('Here', 'PENDING'));
      await next('/queue/message', state('Here', 'DELIVERED'));

      await post('/chatplugin.disconnect', { channel_id: channel['id'] });
      await next('/queue/channel/disconnected', { id: channel['id'] });
      expect(stomp.messages()).toHaveLength(told);
    },
    120_000,
  );

  it.each(['RINGDOWN_WS_PORT', 'RINGDOWN_API_PORT'])(
    'is heard by its visitor with stompjs, from the first message on, and by no other visitor (%s)',
    async (port) => {
      const { admin, post } = await scene();
      const url = `ws://127.0.0.1:${env[port]}/ws.chatplugin`;
      const channel_id = (await post('/chatplugin.connect', { name: `visitors of ${port}` }))['id'];
      const arrive = async () => {
        const { token, conversation_id } = await post('/chatplugin.authenticate', { channel_id });
        const ears = await ChatVisitor.listen(url, String(token));
        return { token: String(token), conversation_id, ears };
      };
      const ann = await arrive();
      const bob = await arrive();
      const stories = async (anns: number, bobs: number): Promise<void> => {
        await waitUntil(() => ann.ears.heard.length >= anns && bob.ears.heard.length >= bobs, {
          what: () => `${anns} and ${bobs} messages: ${JSON.stringify([ann.ears.story, bob.ears.story])}`,
        });
      };
      const reply = (conversation_id: unknown, text: string): Promise<Body> =>
        post('/messages.send', { conversation_id, message: { text } });

      await post('/chatplugin.send', { message: { text: 'I am Ann' } }, ann.token);
      await post('/chatplugin.send', { message: { text: 'I am Bob' } }, bob.token);
      await reply(ann.conversation_id, 'Hello Ann');
      await reply(bob.conversation_id, 'Hello Bob');
      await stories(3, 3);

      for (const [{ ears, conversation_id }, name] of [
        [ann, 'Ann'],
        [bob, 'Bob'],
      ] as const) {
        expect(ears.story).toEqual([
          [`I am ${name}`, 'DELIVERED'],
          [`Hello ${name}`, 'PENDING'],
          [`Hello ${name}`, 'DELIVERED'],
        ]);
        expect(new Set(ears.heard.map((heard) => heard.conversation_id))).toEqual(new Set([conversation_id]));
      }

      const stranger = await ChatVisitor.listen(url, admin.token!);
      expect(stranger.errors).toEqual(['401 Unauthorized']);
      await post('/chatplugin.disconnect', { channel_id });
      for (const { ears } of [ann, bob]) {
        await waitUntil(() => ears.errors.length > 0, { what: 'the end of the socket' });
        expect(ears.errors).toEqual(['401 Unauthorized, authentication revoked']);
        expect(ears.heard).toHaveLength(3);
      }
    },
    120_000,
  );

  it('ends for visitors and sources of an account that is disabled, and goes on when it is enabled', async () => {
    const { admin, post } = await scene();
    const base = `http://127.0.0.1:${env['RINGDOWN_API_PORT']}`;
    const ask = (path: string, body: Body, headers: Readonly<Record<string, string>>) =>
      new ApiClient(base).request('POST', path, undefined, { rawBody: JSON.stringify(body), headers });
    const account = await expectStatus(
      201,
      admin.put(`/v2/accounts/${admin.accountId}`, { name: 'closing' }),
    );
    const accountId = String(account.data['id']);
    const ofAccount = { Authorization: admin.token!, 'X-Account-ID': accountId };
    const connect = async (path: string, body: Body): Promise<Body> =>
      (await expectStatus(200, ask(path, body, ofAccount))).envelope;

    const { id: channel_id } = await connect('/chatplugin.connect', { name: 'closing' });
    const source = await connect('/channels.connect', {
      source: 'viber',
      source_channel_id: '1',
      secret: 'a secret of sixteen or more',
    });
    const { token } = await post('/chatplugin.authenticate', { channel_id });
    const visitor = await ChatVisitor.listen(
      `ws://127.0.0.1:${env['RINGDOWN_WS_PORT']}/ws.chatplugin`,
      String(token),
    );
    const statuses = async (): Promise<readonly number[]> => {
      const signed = signedMessage(String(source['id']), 'a secret of sixteen or more');
      return Promise.all(
        [
          ask('/chatplugin.send', { message: { text: 'x' } }, { Authorization: String(token) }),
          ask('/chatplugin.resumeToken', {}, { Authorization: String(token) }),
          ask('/chatplugin.authenticate', { channel_id }, {}),
          new ApiClient(base).request('POST', '/sources/viber/messages', undefined, signed),
        ].map(async (answer) => (await answer).status),
      );
    };
    expect(await statuses()).toEqual([200, 200, 200, 200]);

    await expectStatus(200, admin.patch(`/v2/accounts/${accountId}`, { enabled: false }));
    await waitUntil(() => visitor.errors.length > 0, { what: 'the end of the socket' });
    expect(visitor.errors).toEqual(['401 Unauthorized, authentication revoked']);
    expect(await statuses()).toEqual([403, 403, 403, 403]);

    await expectStatus(200, admin.patch(`/v2/accounts/${accountId}`, { enabled: true }));
    expect(await statuses()).toEqual([200, 200, 200, 200]);

    await expectStatus(200, admin.delete(`/v2/accounts/${accountId}`));
    expect(await statuses()).toEqual([403, 403, 404, 401]);
  }, 120_000);
});

/** What a source sends, with its signature. */
function signedMessage(channel_id: string, secret: string) {
  const message = { id: randomUUID(), content: { text: 'x' } };
  const rawBody = JSON.stringify({ channel_id, source_conversation_id: 'ann', message });
  const timestamp = String(Math.floor(Date.now() / 1000));
  const signature = createHmac('sha256', secret).update(`${timestamp}.${rawBody}`).digest('hex');
  return {
    rawBody,
    headers: { 'X-Ringdown-Timestamp': timestamp, 'X-Ringdown-Signature': signature },
  };
}
