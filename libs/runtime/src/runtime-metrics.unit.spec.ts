import { createEmbeddedHub, handle } from '@ringdown/broker';
import { mergedMetrics } from '@ringdown/http';
import { Registry } from 'prom-client';
import { observeDatabase } from './database-metrics';
import { RuntimeMetrics } from './runtime-metrics';

/** An operation that takes anything. */
const work = {
  service: 'b',
  name: 'work',
  request: { validate: (value: unknown) => ({ value }) },
} as unknown as Parameters<typeof handle<null, null>>[0];

describe('the metrics of every service', () => {
  let metrics: RuntimeMetrics;

  beforeEach(() => {
    metrics = new RuntimeMetrics('1.2.3');
  });

  const lines = async (prefix: string): Promise<string[]> =>
    (await mergedMetrics(metrics.registries())).split('\n').filter((line) => line.startsWith(prefix));

  it('tell version, readiness and what is missing, of each service of a process', async () => {
    metrics.watch({ name: 'a', readiness: () => ({ ready: true, checks: { broker: 'ok' } }) });
    metrics.watch({ name: 'b', readiness: () => ({ ready: false, checks: { broker: 'blocked: memory' } }) });

    expect(await lines('ringdown_build_info')).toEqual([
      'ringdown_build_info{service="a",version="1.2.3"} 1',
      'ringdown_build_info{service="b",version="1.2.3"} 1',
    ]);
    expect(await lines('ringdown_ready')).toEqual([
      'ringdown_ready{service="a"} 1',
      'ringdown_ready{service="b"} 0',
      'ringdown_ready_check{service="a",check="broker"} 1',
      'ringdown_ready_check{service="b",check="broker"} 0',
    ]);
  });

  it('forget a check that is gone', async () => {
    let checks: Readonly<Record<string, string>> = { standby: 'another instance works' };
    metrics.watch({ name: 'c', readiness: () => ({ ready: false, checks }) });
    expect(await lines('ringdown_ready_check{service="c"')).toHaveLength(1);

    checks = { switch: 'ok' };

    expect(await lines('ringdown_ready_check{service="c"')).toEqual([
      'ringdown_ready_check{service="c",check="switch"} 1',
    ]);
  });

  it('count requests on both sides, publishes and the state of the broker, told apart by service', async () => {
    const hub = createEmbeddedHub();
    const [a, b] = ['a', 'b'].map((service) =>
      hub.connect({ service, observer: metrics.broker.observerOf(service) }),
    );
    await a!.start();
    await b!.start();
    await b!.serve([handle(work, () => Promise.resolve(null))]);

    await a!.request(work, null);
    await a!.publish({ exchange: 'call', routingKey: 'x', body: Buffer.from('{}') });

    expect(await lines('ringdown_broker_requests_total')).toEqual([
      'ringdown_broker_requests_total{service="a",to="b",operation="work",outcome="ok"} 1',
    ]);
    expect(await lines('ringdown_broker_answers_total')).toEqual([
      'ringdown_broker_answers_total{service="b",operation="work",outcome="ok"} 1',
    ]);
    expect(await lines('ringdown_broker_publishes_total')).toEqual([
      'ringdown_broker_publishes_total{service="a",exchange="call",outcome="confirmed"} 1',
    ]);
    expect(await lines('ringdown_broker_connected')).toEqual([
      'ringdown_broker_connected{service="a"} 1',
      'ringdown_broker_connected{service="b"} 1',
    ]);
    // There before the first loss, so that the first one shows as an increase.
    expect(await lines('ringdown_broker_disconnects_total')).toEqual([
      'ringdown_broker_disconnects_total{service="a"} 0',
      'ringdown_broker_disconnects_total{service="b"} 0',
    ]);
    await a!.stop();
    await b!.stop();
    expect(await lines('ringdown_broker_connected{service="a"}')).toEqual([
      'ringdown_broker_connected{service="a"} 0',
    ]);
  });

  it('show the database and the outbox two services share without a collision', async () => {
    let failures = 1;
    const database = { load: () => ({ open: 3, inUse: 2, waiting: 1, failures }) };
    const registries = ['a', 'b'].map((service) => {
      const registry = new Registry();
      const outbox = { stats: () => Promise.resolve({ depth: 7, lagMs: 1500 }), active: service === 'a' };
      observeDatabase(registry, { service, database, outbox });
      return registry;
    });

    failures = 2;
    const text = await mergedMetrics(registries);

    for (const line of [
      'ringdown_database_connections_in_use{service="b"} 2',
      'ringdown_database_failures_total{service="a"} 2',
      'ringdown_outbox_depth{service="a"} 7',
      'ringdown_outbox_lag_seconds{service="b"} 1.5',
      'ringdown_outbox_active{service="a"} 1',
      'ringdown_outbox_active{service="b"} 0',
    ]) {
      expect(text.split('\n')).toContain(line);
    }
  });

  it('keep the last figures of an outbox whose database is away', async () => {
    let stats = (): Promise<{ depth: number; lagMs: number }> => Promise.resolve({ depth: 7, lagMs: 0 });
    const registry = new Registry();
    const load = () => ({ open: 0, inUse: 0, waiting: 0, failures: 0 });
    observeDatabase(registry, {
      service: 'a',
      database: { load },
      outbox: { stats: () => stats(), active: true },
    });
    await registry.metrics();

    stats = () => Promise.reject(new Error('away'));

    expect(await registry.metrics()).toContain('ringdown_outbox_depth{service="a"} 7');
  });
});
