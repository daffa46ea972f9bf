import fc from 'fast-check';
import { RawSocket, type WsClient, rawFrame, waitUntil } from '@ringdown/testing';
import { FakeRegistry } from '../testing/fake-registry';
import {
  CUSTOMER,
  RESELLER,
  SIBLING,
  callCreated,
  startBlackhole,
  type TestBlackhole,
} from '../testing/start-blackhole';

/** Frames and requests together; the promise is for ten thousand. */
const FRAMES = 6_000;
const REQUESTS = 4_000;
const SEED = 20_261_121;

let system: TestBlackhole;

beforeAll(async () => {
  system = await startBlackhole({
    wsUnbindDebounceMs: 5,
    wsCollapseIdsAbove: 4,
    wsMaxConnectionsPerIp: 100_000,
  });
  await FakeRegistry.start(system.join('channels'));
});

async function gauge(name: string): Promise<number> {
  const [line] = await system.metric(`ringdown_blackhole_${name} `);
  return Number(line?.split(' ')[1]);
}

/** Nothing may be left of what happened: no socket, subscription, binding, queued byte. */
async function nothingIsLeft(): Promise<void> {
  await waitUntil(
    async () =>
      (await gauge('sockets')) === 0 &&
      (await gauge('subscriptions')) === 0 &&
      (await gauge('broker_bindings')) === 0 &&
      (await gauge('queued_bytes')) === 0 &&
      system.bindings().length === 0,
    { timeoutMs: 20_000, what: () => `nothing to be left; bound: ${system.bindings().join(', ')}` },
  );
}

async function stillWorks(): Promise<void> {
  const client = await system.connectAs(CUSTOMER);
  await client.subscribe('call.*.*');
  await system.publish(callCreated(CUSTOMER, `works-${Date.now()}`));
  await client.nextEvent();
  await client.close();
}

const frame = fc.oneof(
  fc
    .record({
      opcode: fc.nat(15),
      fin: fc.boolean(),
      rsv: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(7) }),
      masked: fc.oneof(
        { weight: 5, arbitrary: fc.constant(true) },
        { weight: 1, arbitrary: fc.constant(false) },
      ),
      payload: fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
    })
    .map((parts) => rawFrame(parts)),
  fc
    .record({
      opcode: fc.constantFrom(0, 1, 2),
      claimedLength: fc.constantFrom(126, 65_537, 2 ** 31, 2 ** 40),
    })
    .map((parts) => rawFrame({ ...parts, payload: 'short' })),
  fc.uint8Array({ minLength: 1, maxLength: 60 }).map((bytes) => Buffer.from(bytes)),
);

const word = fc.constantFrom(
  'call',
  'object',
  '*',
  '#',
  '',
  'CHANNEL_CREATE',
  'x',
  'é',
  '%',
  '%2E',
  'user',
  'fax',
  'status',
);
const bindingText = fc.oneof(
  fc.array(word, { maxLength: 6 }).map((words) => words.join('.')),
  fc.constantFrom(
    'call.*.*',
    'object.*.user',
    'fax.status.*',
    ...Array.from({ length: 8 }, (_, id) => `call.*.i${id}`),
  ),
  fc.string({ maxLength: 600 }),
);

function requestOf(tokens: readonly string[]): fc.Arbitrary<unknown> {
  const data = fc.record(
    {
      binding: fc.oneof({ weight: 4, arbitrary: bindingText }, { weight: 1, arbitrary: fc.jsonValue() }),
      bindings: fc.oneof(fc.array(bindingText, { maxLength: 5 }), fc.jsonValue()),
      account_id: fc.constantFrom<unknown>(CUSTOMER, SIBLING, RESELLER, '*', '', null, 5, {}),
      snapshot: fc.constantFrom<unknown>(true, false, null, 'yes', []),
    },
    { requiredKeys: [] },
  );
  const request = fc.record(
    {
      action: fc.oneof(
        { weight: 4, arbitrary: fc.constantFrom('subscribe', 'unsubscribe', 'ping') },
        { weight: 1, arbitrary: fc.constantFrom<unknown>('toString', '', null, 7, [], 'event') },
      ),
      auth_token: fc.oneof(
        { weight: 4, arbitrary: fc.constantFrom(...tokens) },
        { weight: 1, arbitrary: fc.constantFrom<unknown>('bad', '', null, 7, {}) },
      ),
      request_id: fc.oneof(fc.string(), fc.jsonValue()),
      name: fc.oneof(fc.string(), fc.jsonValue()),
      metadata: fc.jsonValue(),
      data: fc.oneof({ weight: 5, arbitrary: data }, { weight: 1, arbitrary: fc.jsonValue() }),
    },
    { requiredKeys: [] },
  );
  return fc.oneof({ weight: 6, arbitrary: request }, { weight: 1, arbitrary: fc.jsonValue() });
}

it(`${FRAMES} random frames, right and wrong, leave a working server and nothing behind`, async () => {
  const frames = fc.sample(frame, { numRuns: FRAMES, seed: SEED });
  const subscribe = rawFrame({
    payload: JSON.stringify({ action: 'subscribe', auth_token: system.token, data: { binding: 'call.*.*' } }),
  });

  for (let at = 0; at < frames.length;) {
    const raw = await RawSocket.handshake(system.url);
    raw.write(subscribe);
    // A protocol error ends a connection; the next one takes over where it ended.
    for (let count = 0; count < 12 && at < frames.length && !raw.socket.destroyed; count += 1) {
      raw.write(frames[at++]!);
    }
    if (at % 3 === 0) raw.socket.end();
    else raw.destroy();
  }

  await nothingIsLeft();
  await stillWorks();
  await nothingIsLeft();
}, 120_000);

it(`${REQUESTS} random requests get ${REQUESTS} answers, and leave nothing behind`, async () => {
  const tokens = [CUSTOMER, CUSTOMER, RESELLER].map((account) => system.directory.tokenFor(account));
  const requests = fc.sample(requestOf(tokens), { numRuns: REQUESTS, seed: SEED });
  const texts = requests.map((request, index) => {
    const text = JSON.stringify(request);
    return index % 20 === 0 ? text.slice(0, text.length / 2) : text;
  });
  const clients = await Promise.all(Array.from({ length: 20 }, () => system.connect()));
  const sent = clients.map(() => 0);

  texts.forEach((text, index) => {
    clients[index % 20]!.sendText(text);
    sent[index % 20]! += 1;
  });
  const replies = (client: WsClient) => client.frames.filter((each) => each['action'] === 'reply').length;
  await waitUntil(() => clients.every((client, index) => replies(client) === sent[index]), {
    timeoutMs: 60_000,
    what: () => `every request to be answered; ${clients.map(replies).join(',')} of ${sent.join(',')}`,
  });

  const errors = new Set(
    clients.flatMap((client) =>
      client.frames.flatMap((each) => (each as { data: { errors?: string[] } }).data.errors ?? []),
    ),
  );
  expect([...errors]).not.toContain('internal error');
  expect(errors.size).toBeGreaterThan(15);
  expect(await gauge('subscriptions')).toBeGreaterThan(0);
  for (const client of clients) await client.close();
  await nothingIsLeft();
  await stillWorks();
}, 120_000);

it('subscribes, unsubscribes and closes in any order and at any time leak no binding', async () => {
  const step = fc.record({
    client: fc.nat(4),
    verb: fc.constantFrom('subscribe', 'snapshot', 'unsubscribe', 'all', 'close', 'wait'),
    binding: fc.constantFrom(
      'call.*.*',
      'object.*.user',
      ...Array.from({ length: 9 }, (_, id) => `call.*.i${id}`),
    ),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 5, maxLength: 40 }),
      fc.array(fc.nat(3), { minLength: 1 }),
      async (steps, delays) => {
        let turn = 0;
        system.beforeBind = async () => {
          for (let left = delays[turn++ % delays.length]!; left > 0; left -= 1) await soon();
          if (turn % 11 === 0) throw new Error('refused');
        };
        const clients: (WsClient | undefined)[] = [];
        for (const { client: index, verb, binding } of steps) {
          const client = (clients[index] ??= await system.connectAs(CUSTOMER));
          if (verb === 'wait') await client.request('ping');
          else if (verb === 'close') {
            if (turn % 2 === 0) client.socket.terminate();
            else client.socket.close();
            clients[index] = undefined;
          } else {
            client.sendJson({
              action: verb === 'all' ? 'unsubscribe' : verb === 'snapshot' ? 'subscribe' : verb,
              auth_token: client.token,
              ...(verb === 'all' ? {} : { data: { binding, snapshot: verb === 'snapshot' } }),
            });
          }
        }
        // What was answered as subscribed is bound, or covered by the wildcard its ids were collapsed to.
        for (const client of clients) {
          const last = await client?.request('subscribe', { binding: 'fax.status.*' });
          for (const text of (last?.data['subscriptions'] ?? []) as string[]) {
            const bound = system.bindings().map((each) => each.split(' ')[1]);
            const covered =
              bound.includes(text) ||
              bound.includes('call.*.*.#') ||
              bound.includes(text.replace(/\*$/, '*.#'));
            expect({ text, covered }).toEqual({ text, covered: true });
          }
        }
        for (const client of clients) client?.socket.terminate();
        await nothingIsLeft();
      },
    ),
    { numRuns: 40, seed: SEED },
  );
  system.beforeBind = () => Promise.resolve();
}, 120_000);

function soon(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
