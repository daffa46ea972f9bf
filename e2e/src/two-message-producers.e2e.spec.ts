import {
  ForeignAmqp,
  TcpProxy,
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

/** A producer with a way to the broker of its own. */
interface Slot {
  readonly broker: TcpProxy;
  readonly start: () => Promise<RunningService>;
  running: RunningService;
}

/** A lease of a killed process runs out half a minute after its attempt should have ended. */
const LEASES_MS = 60_000;

describeWithServers('two message-producers and an object-producer on one database', (servers) => {
  let database: TestDatabase;
  let system: TestSystem;
  /** One object-producer and two message-producers. */
  let slots: readonly Slot[];
  let traffic: ChatTraffic;
  let callback: CallbackReceiver;
  let heardBy: Readonly<Record<string, Heard>>;

  beforeAll(async () => {
    const vhost = await createVhost(servers);
    database = await createTestDatabase(servers.databaseUrl);
    system = await TestSystem.start({
      amqpUrl: vhost.url,
      databaseUrl: database.url,
      env: {
        RINGDOWN_API_REQUEST_TIMEOUT_MS: 2_000,
        RINGDOWN_MESSAGING_CALLBACK_PRIVATE_ADDRESSES: 'true',
        RINGDOWN_MESSAGING_DELIVERY_ATTEMPTS: 4,
        RINGDOWN_MESSAGING_DELIVERY_RETRY_MS: 50,
        RINGDOWN_MESSAGING_DELIVERY_TIMEOUT_MS: 2_000,
      },
    });
    const [first] = system.objectProducers;
    slots = [
      await openSlot(vhost.url, (env) => system.startObjectProducer(env)),
      await openSlot(vhost.url, (env) => system.startMessageProducer(env)),
      await openSlot(vhost.url, (env) => system.startMessageProducer(env)),
    ];
    await first!.process.stop();
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

    const spared = new Set(slots);
    while (spared.size > 0) {
      await progress(100);
      const drainer = await drainerAmong([...spared]);
      // What it publishes from here on gets stuck on the way and is lost with the process.
      drainer.broker.set('blackhole');
      await progress(20);
      spared.delete(drainer);
      const dead = slots.filter((slot) => !spared.has(slot));
      for (const slot of dead) {
        await slot.running.process.kill9();
        slot.broker.cut();
        slot.broker.set('pass');
      }
      // Before the dead are back, so that one takes over that was not killed yet.
      if (spared.size > 0) await drainerAmong([...spared]);
      for (const slot of dead) slot.running = await slot.start();
    }
    await progress(100);
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
  }, 480_000);

  /** As many messages more are accepted. */
  async function progress(count: number): Promise<void> {
    const wanted = traffic.acceptedCount + count;
    const enough = (): boolean => traffic.acceptedCount >= wanted;
    await waitUntil(() => enough() || traffic.ended, { timeoutMs: 60_000, what: 'traffic' });
    // It ended by itself: this tells why.
    if (!enough()) await traffic.end();
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

async function openSlot(
  amqpUrl: string,
  startWith: (env: Readonly<Record<string, string>>) => Promise<RunningService>,
): Promise<Slot> {
  const { hostname, port } = new URL(amqpUrl);
  const broker = await TcpProxy.to(Number(port || 5672), hostname);
  const start = (): Promise<RunningService> => startWith({ RINGDOWN_AMQP_URL: broker.rewrite(amqpUrl) });
  return { broker, start, running: await start() };
}

/** The one that publishes what is in the outbox. */
async function drainerAmong(slots: readonly Slot[]): Promise<Slot> {
  return waitUntil(
    async () => {
      for (const slot of slots) {
        const page = await (await fetch(`${slot.running.url}/metrics`)).text();
        if (/^ringdown_outbox_active\{[^}]*\} 1$/m.test(page)) return slot;
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
