import { createAmqpBroker, type Broker } from '@ringdown/broker';
import { loadSettings } from '@ringdown/config';
import {
  commandConference,
  decodeSwitchSnapshot,
  executeCallFlow,
  findConference,
  type WireMessage,
} from '@ringdown/contracts';
import { silentLogger } from '@ringdown/core';
import type { ServiceModule } from '@ringdown/runtime';
import {
  TcpProxy,
  createVhost,
  describeWithRabbitMq,
  freePort,
  startProcess,
  temporaryDirectory,
  waitUntil,
} from '@ringdown/testing';
import { buildCallProducer } from './call-producer';
import { FakeRegistry, serveDocuments } from './testing/fake-backends';
import { MemoryDocuments, ROOT } from './testing/memory-documents';

const SWITCH = 'exchange-1';
const ENVIRONMENT = {
  RINGDOWN_CALL_SOURCE: 'simulator',
  RINGDOWN_CALL_SWITCH: SWITCH,
  RINGDOWN_CALL_SNAPSHOT_INTERVAL_S: '1',
};

describeWithRabbitMq('two call-producers for one switch', ({ amqpUrl, managementUrl }) => {
  let url: string;
  let registry: FakeRegistry;
  let heard: readonly WireMessage[];
  const open: (() => Promise<void>)[] = [];

  afterEach(async () => {
    for (const stop of open.splice(0).reverse()) await stop();
  }, 60_000);

  const connect = async (service: string): Promise<Broker> => {
    const broker = createAmqpBroker({ urls: [url], service, logger: silentLogger });
    await broker.start();
    open.push(() => broker.stop());
    return broker;
  };

  beforeEach(async () => {
    ({ url } = await createVhost({ amqpUrl, managementUrl }));
    const mine: WireMessage[] = [];
    heard = mine;
    const probe = await connect('probe');
    const feed = await probe.openFeed(
      { name: 'probe', maxLength: 100_000 },
      { onMessage: (message) => mine.push(message), onGap: () => undefined },
    );
    await feed.bind('call', '#');
    await feed.bind('conference', '#');
    await serveDocuments(await connect('object-producer'), new MemoryDocuments());
    registry = new FakeRegistry(await connect('channels'));
    await registry.start();
  }, 60_000);

  async function startProducer(address = url): Promise<ServiceModule & { stop(): Promise<void> }> {
    const producer = buildCallProducer(loadSettings(ENVIRONMENT), {
      brokerFactory: (service) =>
        createAmqpBroker({ urls: [address], service, logger: silentLogger, drainTimeoutMs: 2_000 }),
      logger: silentLogger,
    });
    for (const component of producer.components) await component.start();
    let stopped: Promise<void> | undefined;
    const stop = async (): Promise<void> => {
      for (const component of [...producer.components].reverse()) await component.stop();
    };
    const stopOnce = (): Promise<void> => (stopped ??= stop());
    open.push(stopOnce);
    return { ...producer, stop: stopOnce };
  }

  const checksOf = (producer: ServiceModule): Readonly<Record<string, string>> => producer.readiness().checks;
  const isActive = (producer: ServiceModule): boolean =>
    producer.readiness().ready && checksOf(producer)['switch'] === 'ok';
  const isStandby = (producer: ServiceModule): boolean =>
    producer.readiness().ready && checksOf(producer)['standby'] === 'ok';

  const wait = (condition: () => boolean, what: string): Promise<unknown> =>
    waitUntil(condition, { timeoutMs: 30_000, what });

  /** A message that lost its confirm with the connection comes again under the same id, which consumers recognise. */
  const distinct = () => [...new Map(heard.map((message) => [message.messageId, message])).values()];

  const events = (name: string): readonly Record<string, unknown>[] =>
    distinct()
      .filter(({ type }) => type === name)
      .map(({ body }) => JSON.parse(body.toString('utf8')) as Record<string, unknown>);

  function expectNothingTwice(): void {
    for (const name of ['CHANNEL_CREATE', 'CHANNEL_ANSWER', 'CHANNEL_DESTROY']) {
      const calls = events(name).map((body) => body['call_id']);
      expect(new Set(calls).size).toBe(calls.length);
    }
  }

  const snapshots = (): readonly string[] =>
    heard.flatMap((message) => decodeSwitchSnapshot(message)?.holder ?? []);
  const holders = (): readonly string[] => [...new Set(snapshots())];
  const lastHolder = (): string | undefined => snapshots().at(-1);

  it('one speaks, the other stands by and takes over when the first is stopped', async () => {
    const first = await startProducer();
    await wait(() => isActive(first), 'the first is active');
    const second = await startProducer();
    expect(isStandby(second)).toBe(true);
    await wait(() => events('CHANNEL_BRIDGE').length > 2, 'calls');
    expect(holders()).toHaveLength(1);

    await first.stop();
    await wait(() => isActive(second), 'the second is active');
    const { length } = events('CHANNEL_CREATE');
    await wait(() => events('CHANNEL_CREATE').length > length + 2, 'calls of the second');

    expect(holders()).toHaveLength(2);
    expect(events('CHANNEL_DESTROY').filter((body) => body['recovered'] === true)).toEqual([]);
    expect(distinct()).toHaveLength(heard.length);
    expectNothingTwice();
  }, 90_000);

  it('the other takes over when the first loses its connection, and ends its calls once', async () => {
    const address = new URL(amqpUrl);
    const proxy = await TcpProxy.to(Number(address.port || 5672), address.hostname);
    const first = await startProducer(proxy.rewrite(url));
    await wait(() => isActive(first), 'the first is active');
    const second = await startProducer();
    await wait(() => events('CHANNEL_BRIDGE').length > 2, 'calls');

    proxy.set('refuse');
    proxy.cut();
    const lost = new Set(registry.live.keys());
    await wait(() => isActive(second), 'the second is active');
    await wait(
      () => events('CHANNEL_DESTROY').filter((body) => body['recovered'] === true).length >= lost.size,
      'the calls of the first are ended',
    );
    await wait(() => checksOf(first)['switch'] === undefined, 'the first knows that it lost the switch');
    await wait(() => holders().length === 2, 'a snapshot of the second');
    const holder = lastHolder();

    proxy.set('pass');
    await wait(() => isStandby(first), 'the first stands by');
    const { length } = events('CHANNEL_CREATE');
    await wait(() => events('CHANNEL_CREATE').length > length + 2, 'more calls');

    const recovered = events('CHANNEL_DESTROY').filter((body) => body['recovered'] === true);
    expect(recovered.every((body) => body['hangup_cause'] === 'UNKNOWN')).toBe(true);
    expect(holders()).toHaveLength(2);
    expect(lastHolder()).toBe(holder);
    expect([...lost].filter((callId) => registry.live.has(callId))).toEqual([]);
    expectNothingTwice();
  }, 90_000);

  it('commands reach whoever has the switch, once for each request', async () => {
    const first = await startProducer();
    const second = await startProducer();
    await wait(() => isActive(first) && isStandby(second), 'one is active');
    await wait(() => events('CHANNEL_BRIDGE').length > 0, 'a bridged call');
    const callId = String(events('CHANNEL_BRIDGE')[0]?.['call_id']);
    const asker = await connect('call-producer');
    const hangup = {
      account_id: ROOT,
      call_id: callId,
      flow: { command: { name: 'hangup' as const } },
    };

    const outcomes = [
      await asker.requestTo(SWITCH, executeCallFlow, hangup, { requestId: 'the-same' }),
      await asker.requestTo(SWITCH, executeCallFlow, hangup, { requestId: 'the-same' }),
    ];
    expect(outcomes[0]).toMatchObject({ status: 'confirmed', seen: { event: 'CHANNEL_DESTROY' } });
    expect(outcomes[1]).toEqual(outcomes[0]);
    await wait(() => events('CHANNEL_DESTROY').some((body) => body['call_id'] === callId), 'the end');
    await expect(asker.requestTo(SWITCH, executeCallFlow, hangup)).rejects.toMatchObject({
      code: 'not_found',
    });

    await wait(() => heard.some(({ exchange }) => exchange === 'conference'), 'a conference');
    const conferenceId = String(
      heard.find(({ exchange }) => exchange === 'conference')?.routingKey.split('.')[2],
    );
    const { answers } = await asker.requestAll(findConference, {
      account_id: ROOT,
      conference_id: conferenceId,
    });
    expect(answers.filter(({ value }) => value.conference?.switch === SWITCH)).toHaveLength(1);
    expect(answers.filter(({ value }) => value.conference === null).length).toBeGreaterThanOrEqual(1);
    expect(
      await asker.requestTo(SWITCH, commandConference, {
        account_id: ROOT,
        conference_id: conferenceId,
        action: 'lock',
      }),
    ).toMatchObject({ status: 'confirmed' });
  }, 90_000);

  it('the other takes over within ten seconds when the process of the first is killed', async () => {
    const first = startProcess({
      service: 'call-producer',
      env: {
        ...ENVIRONMENT,
        RINGDOWN_AMQP_URL: url,
        RINGDOWN_OPS_PORT: await freePort(),
        RINGDOWN_DATA_DIR: temporaryDirectory('call-producer').path,
      },
    });
    await wait(() => events('CHANNEL_BRIDGE').length > 2, 'calls of the first');
    const second = await startProducer();
    expect(isStandby(second)).toBe(true);

    await first.kill9();
    const lost = [...registry.live.keys()];
    await waitUntil(() => isActive(second), { timeoutMs: 10_000, what: 'the second is active' });

    expect(lost.length).toBeGreaterThan(0);
    await wait(() => lost.every((callId) => !registry.live.has(callId)), 'the lost calls are ended');
    expectNothingTwice();
  }, 90_000);
});
