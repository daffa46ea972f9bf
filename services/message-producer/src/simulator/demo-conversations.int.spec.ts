import { createAmqpBroker, handle, type Broker } from '@ringdown/broker';
import { loadSettings } from '@ringdown/config';
import { describePrincipal, describeRoot, OBJECT_PRODUCER, type WireMessage } from '@ringdown/contracts';
import { newId, silentLogger, type Logger } from '@ringdown/core';
import type { ServiceModule } from '@ringdown/runtime';
import {
  createTestDatabase,
  createVhost,
  describeWithServers,
  freePort,
  onTeardown,
  startProcess,
  TcpProxy,
  temporaryDirectory,
  waitUntil,
  type TestDatabase,
} from '@ringdown/testing';
import { buildMessageProducer } from '../message-producer';

const PLAYING = 'conversations are made up by this instance';
const STANDBY = 'standing by: another instance makes up conversations';
const ROOT = {
  id: newId(),
  name: 'root',
  realm: 'root.example',
  enabled: true,
  tree: [],
  superduper_admin: true,
};
const WAIT = { timeoutMs: 60_000 };

describeWithServers('made-up conversations', (servers) => {
  let amqpUrl: string;
  let database: TestDatabase;
  let heard: readonly WireMessage[];

  beforeEach(async () => {
    amqpUrl = (await createVhost(servers)).url;
    database = await createTestDatabase(servers.databaseUrl);
    const mine: WireMessage[] = [];
    heard = mine;
    const accounts = connect(OBJECT_PRODUCER);
    await accounts.start();
    await accounts.serve([
      handle(describeRoot, async () => ({ account_id: ROOT.id, name: ROOT.name })),
      handle(describePrincipal, async () => ({ account: ROOT, epoch: 0 })),
    ]);
    const feed = await accounts.openFeed(
      { name: 'ear', maxLength: 100_000 },
      { onMessage: (message) => mine.push(message), onGap: () => undefined },
    );
    await feed.bind('messaging', '#');
  }, 60_000);

  function connect(service: string, url = amqpUrl): Broker {
    const broker = createAmqpBroker({ urls: [url], service, logger: silentLogger, drainTimeoutMs: 2_000 });
    onTeardown(() => broker.stop());
    return broker;
  }

  /** One that may make up conversations, with what it says. */
  async function startProducer(at: { readonly broker?: string; readonly database?: string } = {}) {
    const said: string[] = [];
    const logger: Logger = { ...silentLogger, info: (line) => void said.push(line), child: () => logger };
    const settings = loadSettings({
      RINGDOWN_MESSAGING_SIMULATOR: 'true',
      RINGDOWN_DATABASE_URL: at.database ?? database.url,
    });
    const service = await buildMessageProducer(settings, {
      brokerFactory: (name) => connect(name, at.broker),
      logger,
    });
    onTeardown(() => stop(service));
    for (const part of service.components) await part.start();
    return { said, stop: () => stop(service) };
  }

  async function stop(service: ServiceModule): Promise<void> {
    service.beginDrain();
    for (const part of [...service.components].reverse()) await part.stop();
  }

  const names = (): ReadonlySet<string | undefined> => new Set(heard.map(({ type }) => type));

  async function hearMore(): Promise<void> {
    const { length } = heard;
    await waitUntil(() => heard.length >= length + 3, { ...WAIT, what: 'more events' });
  }

  it('are played by one process, and by the other one when it is killed', async () => {
    const first = startProcess({
      service: 'message-producer',
      env: {
        RINGDOWN_AMQP_URL: amqpUrl,
        RINGDOWN_DATABASE_URL: database.url,
        RINGDOWN_DATA_DIR: temporaryDirectory('message-producer').path,
        RINGDOWN_OPS_PORT: await freePort(),
        RINGDOWN_MESSAGING_SIMULATOR: 'true',
      },
    });
    await first.waitForLine(PLAYING, WAIT.timeoutMs);
    const second = await startProducer();
    expect(second.said).toContain(STANDBY);
    await waitUntil(() => names().size === 4, {
      ...WAIT,
      what: () => `every event, of ${[...names()].join()}`,
    });
    expect(second.said).not.toContain(PLAYING);

    await first.kill9();
    await waitUntil(() => second.said.includes(PLAYING), { ...WAIT, what: 'the second to take over' });
    await hearMore();
    await second.stop();

    expect(heard.every(({ headers }) => headers['account_id'] === ROOT.id)).toBe(true);
    const [counted] = await database.query<{ channels: string; visitors: string }>(
      `SELECT (SELECT count(*) FROM ringdown.messaging_channels) AS channels,
              (SELECT count(*) FROM ringdown.messaging_conversations) AS visitors`,
    );
    expect(counted!.channels).toBe('2');
    expect(Number(counted!.visitors)).toBeLessThanOrEqual(6);
  }, 180_000);

  it('go on after the broker and the database were away', async () => {
    const brokerUrl = new URL(amqpUrl);
    const broker = await TcpProxy.to(Number(brokerUrl.port || 5672), brokerUrl.hostname);
    const databaseUrl = new URL(database.url);
    const store = await TcpProxy.to(Number(databaseUrl.port || 5432), databaseUrl.hostname);
    const { said, stop } = await startProducer({
      broker: broker.rewrite(amqpUrl),
      database: store.rewrite(database.url),
    });
    await hearMore();

    for (const outage of [store, broker]) {
      outage.set('refuse');
      outage.cut();
      outage.set('pass');
      await hearMore();
    }

    // Without the broker the name was lost, and got back.
    expect(said.filter((line) => line === PLAYING)).toHaveLength(2);
    await stop();
  }, 180_000);
});
