import { ApiClient, waitUntil } from '@ringdown/testing';
import { ChatVisitor } from './chat-visitor';
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
});
