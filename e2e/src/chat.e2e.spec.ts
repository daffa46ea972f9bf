import { WebSocket } from 'ws';
import { ApiClient, onTeardown, waitUntil } from '@ringdown/testing';
import { freshSettings, login, startOneProcess, type Environment } from './one-process';

type Body = Readonly<Record<string, unknown>>;

interface StompMessage {
  readonly destination: string;
  readonly body: Body;
}

/** STOMP 1.2 spoken by hand: connects with a token, subscribes to every queue and collects what comes. */
async function stompMessages(url: string, token: string): Promise<StompMessage[]> {
  const socket = new WebSocket(url);
  onTeardown(async () => socket.terminate());
  const messages: StompMessage[] = [];
  const receipts: string[] = [];
  socket.on('message', (data: Buffer) => {
    const [head = '', body = ''] = data
      .toString('utf8')
      .replace(/\0\n*$/, '')
      .split('\n\n');
    const header = (name: string): string => new RegExp(`^${name}:(.*)$`, 'm').exec(head)?.[1] ?? '';
    if (head.startsWith('MESSAGE')) {
      messages.push({ destination: header('destination'), body: JSON.parse(body) as Body });
    } else receipts.push(header('receipt-id'));
  });
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
  socket.send(`CONNECT\naccept-version:1.2\nAuthorization:${token}\n\n\0`);
  for (const queue of ['message', 'unread-count', 'channel/connected', 'channel/disconnected']) {
    socket.send(`SUBSCRIBE\nid:${queue}\ndestination:/queue/${queue}\nreceipt:${queue}\n\n\0`);
  }
  await waitUntil(() => receipts.includes('channel/disconnected'), { what: 'the subscriptions' });
  return messages;
}

describe('a conversation in one process', () => {
  let env: Environment;
  beforeAll(async () => {
    env = { ...(await freshSettings()), RINGDOWN_CALL_SOURCE: 'none' };
    await startOneProcess(env);
  }, 120_000);

  it.each(['RINGDOWN_WS_PORT', 'RINGDOWN_API_PORT'])(
    'goes from connect to disconnect, and STOMP tells each step (%s)',
    async (port) => {
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
      const told = await stompMessages(`ws://127.0.0.1:${env[port]}/ws.communication`, admin.token!);
      const next = async (destination: string, members: Body): Promise<void> => {
        await waitUntil(() => told.length > 0, { what: destination });
        expect(told.shift()).toEqual({ destination, body: expect.objectContaining(members) as unknown });
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
      expect(told).toEqual([]);
    },
    120_000,
  );
});
