import { ForeignAmqp, TestSystem, createVhost, describeWithRabbitMq, waitUntil } from '@ringdown/testing';

/** A small generator with a seed, so that a failure can be played again. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

const fragments = [
  '{',
  '}',
  '[',
  ']',
  '"',
  ':',
  ',',
  'null',
  'true',
  '1e999',
  '-0',
  '\\u0000',
  '\\ud800',
  '{"action":"subscribe"',
  '"data":{"binding":',
  '"call.*.*"',
  '"__proto__":{}',
  '"auth_token":',
  '"request_id":',
  '{"a":'.repeat(50),
  '\u2028',
  'subscribe',
  'ping',
  '"bindings":[',
  '#',
  '*',
  '.',
  '%',
  '%00',
  '\0',
  '💥',
];

function randomText(random: () => number): string {
  let text = '';
  for (let i = 1 + Math.floor(random() * 12); i > 0; i -= 1)
    text += fragments[Math.floor(random() * fragments.length)]!;
  return text;
}

function randomBytes(random: () => number): Buffer {
  return Buffer.from(Array.from({ length: 1 + Math.floor(random() * 60) }, () => Math.floor(random() * 256)));
}

/** Any JSON value, with names that objects have of themselves among its members. */
function randomValue(random: () => number, depth: number): unknown {
  const pick = Math.floor(random() * (depth > 0 ? 9 : 7));
  if (pick === 0) return null;
  if (pick === 1) return random() < 0.5;
  if (pick === 2) return (random() - 0.5) * 1e9;
  if (pick === 3) return '';
  if (pick === 4) return 'x'.repeat(Math.floor(random() * 2_000));
  if (pick <= 6) return randomText(random);
  if (pick === 7) return Array.from({ length: 3 }, () => randomValue(random, depth - 1));
  const names = ['__proto__', 'constructor', 'call_id', 'custom_channel_vars', 'channels', 'data', '1'];
  return Object.fromEntries(
    names
      .slice(0, 1 + Math.floor(random() * names.length))
      .map((name) => [name, randomValue(random, depth - 1)]),
  );
}

const commands =
  'hangup break transfer callflow intercept move start_record stop_record play park hold'.split(' ');
const members = 'target target_type target_id id unbridged_only transfer-type moh device_id slot leg'.split(
  ' ',
);

/** A command that could be one of the API's, as an action or a metaflow, with members that may be anything. */
function randomCommand(random: () => number): unknown {
  const name = random() < 0.9 ? commands[Math.floor(random() * commands.length)] : randomValue(random, 2);
  const data = Object.fromEntries(
    members.filter(() => random() < 0.3).map((member) => [member, randomValue(random, 2)]),
  );
  const children = random() < 0.3 ? { 1: { module: name }, _: randomValue(random, 3) } : {};
  const nested = { module: name, data, children };
  const shapes: readonly unknown[] = [
    { data: { action: name, ...data } },
    { action: 'metaflow', data: nested },
    { action: 'metaflow', data: { data: nested } },
    { action: name, data },
    { data: randomValue(random, 3) },
  ];
  return shapes[Math.floor(random() * shapes.length)];
}

describeWithRabbitMq('random and malformed requests and publications', (broker) => {
  let system: TestSystem;
  let amqpUrl: string;
  beforeAll(async () => {
    const vhost = await createVhost(broker);
    system = await TestSystem.start({
      amqpUrl: vhost.url,
      channels: 1,
      callProducers: [{ RINGDOWN_CALL_SOURCE: 'simulator' }],
    });
    amqpUrl = vhost.url;
  }, 120_000);

  it('3,000 requests are answered below 500', async () => {
    const random = seeded(3);
    const admin = await system.admin();
    const base = `/v2/accounts/${admin.accountId}`;
    const paths = [
      '',
      '/users',
      '/devices',
      '/vmboxes/x/messages',
      '/events',
      '/websockets',
      '/api_keys',
      '/channels',
      '/users/x/channels',
      '/groups',
      '/conferences',
      '/nothing',
    ];
    const methods = ['PUT', 'POST', 'PATCH', 'DELETE', 'GET'];
    const statuses = new Map<number, number>();
    for (let i = 0; i < 3_000; i += 20) {
      const answers = await Promise.all(
        Array.from({ length: 20 }, () => {
          const method = methods[Math.floor(random() * methods.length)]!;
          const path =
            base +
            paths[Math.floor(random() * paths.length)]! +
            (random() < 0.3 ? `/${encodeURIComponent(randomText(random))}` : '');
          // The root account itself stays: everything below it is fair game.
          const target = path === base && method === 'DELETE' ? `${base}/users` : path;
          const rawBody = random() < 0.5 ? randomText(random) : randomBytes(random);
          return admin.request(method, target, undefined, method === 'GET' ? {} : { rawBody });
        }),
      );
      for (const { status } of answers) statuses.set(status, (statuses.get(status) ?? 0) + 1);
    }

    expect([...statuses.keys()].filter((status) => status >= 500)).toEqual([]);
    expect([...statuses.values()].reduce((total, count) => total + count, 0)).toBe(3_000);
  }, 120_000);

  it('2,000 commands to live calls are done or get a documented refusal', async () => {
    const random = seeded(4);
    const admin = await system.admin();
    const base = `/v2/accounts/${admin.accountId}`;
    const statuses = new Map<number, number>();
    for (let i = 0; i < 2_000; i += 20) {
      const { data } = await admin.get<readonly { readonly uuid: string }[]>(`${base}/channels`);
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, k) => {
          const id = data[k]?.uuid ?? randomText(random);
          const body = JSON.stringify(randomCommand(random));
          const path =
            random() < 0.1 ? `${base}/conferences/3000` : `${base}/channels/${encodeURIComponent(id)}`;
          return admin.request(random() < 0.5 ? 'POST' : 'PUT', path, undefined, { rawBody: body });
        }),
      );
      for (const { status } of answers) statuses.set(status, (statuses.get(status) ?? 0) + 1);
    }

    const documented = [202, 400, 404, 405, 409, 501];
    expect([...statuses.keys()].filter((status) => !documented.includes(status))).toEqual([]);
    expect(statuses.get(202)).toBeGreaterThan(0);
  }, 240_000);

  it('3,000 messages of a careless publisher change nothing for the registry and the producer', async () => {
    const random = seeded(5);
    const admin = await system.admin();
    const amqp = await ForeignAmqp.connect(amqpUrl);
    const keys = [
      '_fence.x',
      '_switch.simulator',
      '_switch',
      '_',
      'call',
      'call.CHANNEL_CREATE',
      '',
      '#',
      'a..b',
    ];
    for (let i = 0; i < 3_000; i += 100) {
      await Promise.all(
        Array.from({ length: 100 }, () => {
          const event = `call.CHANNEL_${random() < 0.5 ? 'CREATE' : 'DESTROY'}.x${Math.floor(random() * 50)}`;
          const key = random() < 0.5 ? event : keys[Math.floor(random() * keys.length)]!;
          const body = random() < 0.3 ? JSON.stringify(randomValue(random, 3)) : randomText(random);
          const headers = random() < 0.3 ? { account_id: randomText(random), traceparent: 7 } : {};
          const appId = random() < 0.5 ? 'call-producer' : randomText(random).slice(0, 50);
          return amqp.publish('call', key, body, { headers, appId });
        }),
      );
    }

    for (const { process, url } of [...system.channels, ...system.callProducers]) {
      expect(process.running).toBe(true);
      await process.waitForReady(`${url}/readyz`, 30_000);
    }
    await waitUntil(
      async () => {
        const { status, data } = await admin.get<readonly unknown[]>(
          `/v2/accounts/${admin.accountId}/channels`,
        );
        return status === 200 && data.length > 0;
      },
      { timeoutMs: 30_000, what: 'the calls of the simulator' },
    );
  }, 120_000);
});
