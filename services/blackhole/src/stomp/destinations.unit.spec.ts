import { SAMPLE_ACCOUNT_ID, encodeEvent, eventSamples } from '@ringdown/contracts';
import { waitUntil } from '@ringdown/testing';
import { startBlackhole, type TestBlackhole } from '../testing/start-blackhole';
import { StompClient } from '../testing/stomp-client';

let system: TestBlackhole;
let client: StompClient;

async function start(settings: Parameters<typeof startBlackhole>[0] = {}): Promise<void> {
  system = await startBlackhole(settings);
  system.directory.addAccount(SAMPLE_ACCOUNT_ID);
  client = await connect();
}

function connect(): Promise<StompClient> {
  return StompClient.connect(new URL('/ws.communication', system.url).href, {
    // Some bindings are for super admins only.
    token: system.directory.tokenFor(SAMPLE_ACCOUNT_ID, { isSuperAdmin: true }),
  });
}

afterEach(() => system.stop());

async function publishSamples(): Promise<void> {
  for (const { draft } of eventSamples) await system.peer.publish(encodeEvent(draft));
}

it.each([
  ['/queue/message', ['conversation_id', 'channel_id', 'message']],
  ['/queue/unread-count', ['conversation_id', 'unread_message_count', 'timestamp']],
  ['/queue/channel/connected', ['id', 'name', 'source', 'source_channel_id', 'image_url']],
  ['/queue/channel/disconnected', ['id', 'name', 'source', 'source_channel_id', 'image_url']],
])('%s gets the one event it is for, with the members of the original', async (destination, members) => {
  await start();
  await client.subscribe('1', destination);
  await client.subscribe('all', '/events');

  await publishSamples();

  await waitUntil(
    () => client.messages.filter(({ headers }) => headers['subscription'] === 'all').length === 4,
  );
  const own = client.messages.filter(({ headers }) => headers['subscription'] === '1');
  expect(own.map(({ headers }) => headers['destination'])).toEqual([destination]);
  expect(Object.keys(JSON.parse(own[0]!.body) as object)).toEqual(members);
});

it('/topic/ has every event there is under its binding, with its own body', async () => {
  await start();
  const clients: StompClient[] = [];
  for (const { draft } of eventSamples) {
    const each = await connect();
    await each.subscribe('1', `/topic/${draft.routingKey}`);
    clients.push(each);
  }

  await publishSamples();

  for (const [index, { draft }] of eventSamples.entries()) {
    const [message] = await clients[index]!.messageCount(1);
    expect(message!.headers['destination']).toBe(`/topic/${draft.routingKey}`);
    expect(JSON.parse(message!.body)).toMatchObject(draft.body);
  }
});

it('/topic/ takes wildcards as the other protocols do', async () => {
  await start();
  await client.subscribe('1', '/topic/messaging.*.*');

  await publishSamples();

  const messages = await client.messageCount(4);
  expect(JSON.parse(messages[0]!.body)).toMatchObject({ account_id: SAMPLE_ACCOUNT_ID });
});

it('a setting writes the states of messages in lower case', async () => {
  await start({ wsStompLowerCaseStates: true });
  await client.subscribe('1', '/queue/message');

  await publishSamples();

  expect((await client.messageCount(1))[0]!.body).toContain('"delivery_state":"delivered"');
});

it('one frame serves all sockets that subscribed in the same way', async () => {
  await start();
  const clients = [client, await connect(), await connect()];
  for (const each of clients) await each.subscribe('sub-0', '/queue/message');

  await publishSamples();

  const ids = new Set<string>();
  for (const each of clients) ids.add((await each.messageCount(1))[0]!.headers['message-id']!);
  expect(ids.size).toBe(1);
});
