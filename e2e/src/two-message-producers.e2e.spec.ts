import {
  ForeignAmqp,
  TestSystem,
  createTestDatabase,
  createVhost,
  describeWithServers,
  waitUntil,
  type RunningService,
  type TestDatabase,
} from '@ringdown/testing';
import { CallbackReceiver, type Mood } from './callback-receiver';
import { ChatTraffic, type Contact, type ListedMessage } from './chat-traffic';
import { StompByHand } from './stomp-by-hand';

interface MessageTold {
  readonly conversation_id: string;
  readonly message: ListedMessage;
}

interface CountTold {
  readonly conversation_id: string;
  readonly unread_message_count: number;
  readonly timestamp: string;
}

/** What one subscriber heard, in order. */
interface Heard {
  readonly messages: () => readonly MessageTold[];
  readonly counts: () => readonly CountTold[];
}

/** A lease of a killed process runs out half a minute after its attempt should have ended. */
const LEASES_MS = 60_000;

describeWithServers('two message-producers and an object-producer on one database', (servers) => {
  let database: TestDatabase;
  let system: TestSystem;
  let traffic: ChatTraffic;
  let callback: CallbackReceiver;
  let heardBy: Readonly<Record<string, Heard>>;

  beforeAll(async () => {
    const vhost = await createVhost(servers);
    database = await createTestDatabase(servers.databaseUrl);
    system = await TestSystem.start({
      amqpUrl: vhost.url,
      databaseUrl: database.url,
      messageProducers: 2,
      env: {
        RINGDOWN_API_REQUEST_TIMEOUT_MS: 2_000,
        RINGDOWN_MESSAGING_CALLBACK_PRIVATE_ADDRESSES: 'true',
        RINGDOWN_MESSAGING_DELIVERY_ATTEMPTS: 4,
        RINGDOWN_MESSAGING_DELIVERY_RETRY_MS: 50,
        RINGDOWN_MESSAGING_DELIVERY_TIMEOUT_MS: 2_000,
      },
    });
    const admin = await system.admin();
    traffic = new ChatTraffic(admin);
    callback = await CallbackReceiver.start();
    heardBy = await subscribers(system, admin.token!, vhost.url);
  }, 120_000);

  it('tell every message they took, in order, whichever of the three is killed while it publishes', async () => {
    const visitors = [await traffic.visitor('site one'), await traffic.visitor('site two')];
    const callers = [await traffic.caller('+4930555010', callback.url)];
    const contacts = [...visitors, ...callers];
    for (const contact of contacts) traffic.streamFrom(contact);
    for (const visitor of visitors) traffic.answerTo(visitor);
    for (const caller of callers) traffic.answerTo(caller, moodOf);

    // Each of the three is killed while it is the one that publishes, twice so that only one is left to take over.
    const producers = [...system.objectProducers, ...system.messageProducers];
    await progress();
    const killed: RunningService[] = [];
    while (killed.length < 3) {
      const drainer = await drainerAmong(producers.filter((one) => !killed.includes(one)));
      await drainer.process.kill9();
      killed.push(drainer);
      if (killed.length !== 2) continue;
      await Promise.all(killed.map((gone) => startAgain(gone)));
      await progress();
    }
    await startAgain(killed[2]!);
    await progress();
    await traffic.end();

    // One visitor is read and writes again; the others were never read.
    await traffic.read(visitors[0]!);
    const readUpTo = (await traffic.list(visitors[0]!)).at(-1)!.id;
    for (const text of ['one', 'two', 'three']) await visitors[0]!.write(text);

    await waitUntil(async () => (await waiting()) === 0, {
      timeoutMs: LEASES_MS,
      intervalMs: 200,
      what: 'the end of all deliveries and of the outbox',
    });
    for (const contact of contacts) {
      const list = await traffic.list(contact);
      expectAcceptedIn(list, traffic.accepted.get(contact.conversationId)!);
      const unread = list.filter(
        ({ id, sender_type }) =>
          sender_type === 'source_contact' && (contact !== visitors[0] || id > readUpTo),
      ).length;
      expect(await traffic.unread(contact)).toBe(unread);
      for (const [name, heard] of Object.entries(heardBy)) {
        await expectTold(name, heard, contact, list, unread);
      }
      expectTruth(list, callers.includes(contact) ? callback : undefined);
    }
    for (const caller of callers) {
      const delivered = (await traffic.list(caller)).filter(({ id }) => callback.tookSome(id));
      expect(callback.taken.get(caller.conversationId)).toEqual(delivered.map(({ id }) => id));
    }
    expect(visitors.length + callers.length).toBe(heardConversations(heardBy['amqp']!).size);
  }, 300_000);

  async function progress(): Promise<void> {
    const before = traffic.acceptedCount;
    const enough = (): boolean => traffic.acceptedCount > before + 150;
    await waitUntil(() => enough() || traffic.ended, { timeoutMs: 60_000, what: 'traffic' });
    // It ended by itself: this tells why.
    if (!enough()) await traffic.end();
  }

  function startAgain(gone: RunningService): Promise<RunningService> {
    return gone.name === 'object-producer' ? system.startObjectProducer() : system.startMessageProducer();
  }

  async function waiting(): Promise<number> {
    const [row] = await database.query<{ n: string }>(
      'SELECT (SELECT count(*) FROM ringdown.outbox) + (SELECT count(*) FROM ringdown.messaging_deliveries) AS n',
    );
    return Number(row!.n);
  }
});

/** Of ten messages to a callback one is refused, one stumbles, and one in forty fails for good. */
function moodOf(n: number): Mood {
  if (n % 40 === 25) return 'fails';
  if (n % 10 === 3) return 'refuses';
  return n % 10 === 7 ? 'stumbles' : 'takes';
}

async function drainerAmong(services: readonly RunningService[]): Promise<RunningService> {
  return waitUntil(
    async () => {
      for (const service of services) {
        const page = await (await fetch(`${service.url}/metrics`)).text();
        if (/^ringdown_\w*outbox_active(\{[^}]*\})? 1$/m.test(page)) return service;
      }
      return undefined;
    },
    { timeoutMs: 20_000, what: 'one that publishes' },
  );
}

/** Those of the Kazoo dialect and of STOMP, and the broker itself, where repetitions are seen as they come. */
async function subscribers(
  system: TestSystem,
  token: string,
  amqpUrl: string,
): Promise<Readonly<Record<string, Heard>>> {
  const foreign = await ForeignAmqp.connect(amqpUrl);
  const published = await foreign.collect('messaging', 'messaging.#');
  const bodies = <T>(name: string): readonly T[] => {
    const seen = new Set<unknown>();
    return published
      .filter(({ properties: { type } }) => type === name)
      .filter(({ properties: { messageId } }) => !seen.has(messageId) && seen.add(messageId))
      .map(({ body }) => JSON.parse(body.toString('utf8')) as T);
  };
  const kazoo = await system.connect(token);
  await kazoo.subscribe(['messaging.message.*', 'messaging.unread_count.*']);
  const events = <T>(name: string): readonly T[] =>
    kazoo.events.filter((event) => event.name === name).map(({ data }) => data as unknown as T);
  const stomp = await StompByHand.connect(`${system.blackholes[0]!.wsUrl}/ws.communication`, token);
  for (const queue of ['message', 'unread-count']) await stomp.subscribe(`/queue/${queue}`);
  const frames = <T>(queue: string): readonly T[] =>
    stomp
      .messages()
      .filter(({ headers }) => headers['destination'] === `/queue/${queue}`)
      .map(({ body }) => JSON.parse(body) as T);
  return {
    amqp: { messages: () => bodies('message'), counts: () => bodies('unread_count') },
    kazoo: { messages: () => events('message'), counts: () => events('unread_count') },
    stomp: { messages: () => frames('message'), counts: () => frames('unread-count') },
  };
}

function heardConversations({ messages }: Heard): ReadonlySet<string> {
  return new Set(messages().map(({ conversation_id }) => conversation_id));
}

function expectAcceptedIn(list: readonly ListedMessage[], accepted: ReadonlySet<string>): void {
  const ids = new Set(list.map(({ id }) => id));
  expect([...accepted].filter((id) => !ids.has(id))).toEqual([]);
}

/** Everything that is in the conversation was told, in its order, up to its last state; and so were the counts. */
async function expectTold(
  name: string,
  heard: Heard,
  { conversationId }: Contact,
  list: readonly ListedMessage[],
  unread: number,
): Promise<void> {
  const told = (): readonly ListedMessage[] =>
    heard
      .messages()
      .filter(({ conversation_id }) => conversation_id === conversationId)
      .map(({ message }) => message);
  const counts = (): readonly CountTold[] =>
    heard.counts().filter(({ conversation_id }) => conversation_id === conversationId);
  await waitUntil(
    () =>
      new Set(told().map(({ id }) => id)).size >= list.length &&
      counts().at(-1)?.unread_message_count === unread,
    { what: () => `all of ${list.length} messages and ${unread} unread, told over ${name}` },
  );

  const states = new Map<string, string[]>();
  for (const { id, delivery_state } of told()) {
    states.set(id, [...(states.get(id) ?? []), delivery_state]);
  }
  expect([name, [...states.keys()]]).toEqual([name, list.map(({ id }) => id)]);
  for (const { id, sender_type, delivery_state } of list) {
    const expected = sender_type === 'app_user' ? ['PENDING', delivery_state] : [delivery_state];
    expect([name, id, states.get(id)]).toEqual([name, id, expected]);
  }
  const times = counts().map(({ timestamp }) => timestamp);
  expect(times).toEqual([...new Set(times)].sort());
}

/** A message is DELIVERED when and only when its receiver took it, and nothing stays PENDING. */
function expectTruth(list: readonly ListedMessage[], callback: CallbackReceiver | undefined): void {
  for (const { id, sender_type, delivery_state, content } of list) {
    if (sender_type !== 'app_user' || callback === undefined) {
      expect(delivery_state).toBe('DELIVERED');
      continue;
    }
    const { mood } = JSON.parse(content) as { mood: Mood };
    const answers = callback.answers.get(id) ?? [];
    expect({ id, mood, answers, delivery_state }).toMatchObject({
      delivery_state: mood === 'takes' || mood === 'stumbles' ? 'DELIVERED' : 'FAILED',
      answers: expect.arrayContaining([
        mood === 'takes' || mood === 'stumbles' ? 200 : expect.any(Number),
      ]) as unknown,
    });
    expect(callback.tookSome(id)).toBe(delivery_state === 'DELIVERED');
  }
}
