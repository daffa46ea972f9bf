import { buildApiGateway, type ApiGateway } from '@ringdown/api-gateway';
import { buildBlackhole, type Blackhole } from '@ringdown/blackhole';
import type { Broker } from '@ringdown/broker';
import { buildCallProducer } from '@ringdown/call-producer';
import { buildChannels } from '@ringdown/channels';
import type { Settings } from '@ringdown/config';
import { lockDataDir, type DataDirLock } from '@ringdown/database';
import { buildMessageProducer } from '@ringdown/message-producer';
import { buildObjectProducer } from '@ringdown/object-producer';
import {
  withGeneratedSecret,
  withLocalBootstrap,
  type Component,
  type Readiness,
  type RunContext,
  type ServiceModule,
} from '@ringdown/runtime';
import { withLocalCalls } from './local-calls';

/** Everything in one process, and what the banner tells about it. */
export interface Standalone extends ServiceModule {
  readonly settings: Settings;
  /** For the process's own requests. */
  readonly broker: Broker;
  readonly api: ApiGateway;
  readonly blackhole: Blackhole;
}

/**
 * The composition root of the whole system. Takes the data directory first: what is generated into it, and the embedded
 * database, belong to one process. Error: AppError `conflict` when another one has it.
 */
export async function buildStandalone(context: RunContext): Promise<Standalone> {
  const lock = await lockDataDir(context.settings.dataDir);
  try {
    const settings = withLocalCalls(withLocalBootstrap(withGeneratedSecret(context.settings)));
    return await compose(context, settings, lock);
  } catch (error) {
    await lock.release();
    throw error;
  }
}

async function compose(
  { logger, brokerFactory, metrics }: RunContext,
  settings: Settings,
  lock: DataDirLock,
): Promise<Standalone> {
  const ports = { logger, brokerFactory };
  // Before the database is opened, which takes seconds: a call source may refuse its settings.
  const callProducers = settings.callSource === 'none' ? [] : [buildCallProducer(settings, ports)];
  const channels = buildChannels(settings, ports);
  const objectProducer = await buildObjectProducer(settings, ports);
  // One embedded database has one connection: both services share it, and its owner outlives the other.
  const messageProducer = await buildMessageProducer(settings, {
    ...ports,
    database: objectProducer.database,
  });
  const blackhole = buildBlackhole(settings, { ...ports, extraMetrics: () => metrics.registries() });
  const api = buildApiGateway(settings, {
    ...ports,
    readiness,
    extraMetrics: () => [
      ...metrics.registries(),
      ...services.filter((it) => it !== api).map((service) => service.metrics),
    ],
    wsPort: () => blackhole.port,
  });
  // In start order: who answers requests comes before who asks. A call-producer asks channels what was known of its switch
  // and object-producer whose devices are whose; the gateways ask all of them, and open when there is something to see.
  const services: readonly ServiceModule[] = [
    objectProducer,
    messageProducer,
    channels,
    ...callProducers,
    blackhole,
    api,
  ];
  const broker = brokerFactory('standalone');

  function readiness(): Readiness {
    return mergedReadiness(services);
  }

  // Kazoo clients of either port; the REST port has other things at other paths.
  api.listener.onUpgrade(blackhole.upgradeHandler({ paths: ['/', '/ws'] }));

  return {
    name: 'standalone',
    components: [
      dataDirectory(lock),
      ...services.flatMap(({ components }) => components),
      { name: 'standalone broker', start: () => broker.start(), stop: () => broker.stop() },
    ],
    readiness,
    beginDrain: () => services.forEach((service) => service.beginDrain()),
    metrics: metrics.registry,
    parts: services,
    settings,
    broker,
    api,
    blackhole,
  };
}

/** Ready when every service is; each check is named after its service. */
export function mergedReadiness(services: readonly Pick<ServiceModule, 'name' | 'readiness'>[]): Readiness {
  const all = services.map((service) => ({ name: service.name, ...service.readiness() }));
  const checks = all.flatMap(({ name, checks }) =>
    Object.entries(checks).map(([check, text]): [string, string] => [`${name} ${check}`, text]),
  );
  return { ready: all.every(({ ready }) => ready), checks: Object.fromEntries(checks) };
}

function dataDirectory(lock: DataDirLock): Component {
  return { name: 'data directory', start: () => Promise.resolve(), stop: () => lock.release() };
}
