import type { Broker } from '@ringdown/broker';
import { memoised } from '@ringdown/core';
import {
  openDatabase,
  type Database,
  type DatabaseHealth,
  type Janitor,
  type OutboxDrainer,
  type Schema,
} from '@ringdown/database';
import { ReadinessProbe, type Component, type RequestServer, type ServiceModule } from '@ringdown/runtime';
import type { MessageProducerMetrics } from './adapters/prom-metrics';
import type { MessageProducerSettings } from './config';
import { buildContainer, SERVICE, type MessageProducerPorts } from './container';
import type { Deliverer } from './deliveries/deliverer';
import type { DemoConversations } from './simulator';
import { TOKENS } from './tokens';

/**
 * Builds the service without starting it. Opens the database the settings ask for, unless it is handed one, which its
 * owner closes. Errors: `conflict` when another process uses DATA_DIR.
 */
export async function buildMessageProducer(
  settings: MessageProducerSettings,
  ports: MessageProducerPorts & { readonly database?: Database | undefined },
): Promise<ServiceModule> {
  const database =
    ports.database ??
    (await openDatabase({ url: settings.databaseUrl, dataDir: settings.dataDir, logger: ports.logger }));
  const container = buildContainer(settings, ports, database);
  const broker = container.resolve<Broker>(TOKENS.broker);
  const health = container.resolve<DatabaseHealth>(TOKENS.health);
  const schema = container.resolve<Schema>(TOKENS.schema);
  const readiness = new ReadinessProbe(broker, health, schema);
  const own: Component = {
    name: 'database',
    start: () => health.start(),
    stop: memoised(async () => {
      await health.stop();
      if (ports.database === undefined) await database.close();
    }),
  };
  return {
    name: SERVICE,
    components: [
      own,
      component('schema', schema),
      component('broker', broker),
      component('outbox', container.resolve<OutboxDrainer>(TOKENS.drainer)),
      component('janitor', container.resolve<Janitor>(TOKENS.janitor)),
      component('deliveries', container.resolve<Deliverer>(TOKENS.deliverer)),
      component('requests', container.resolve<RequestServer>(TOKENS.requests)),
      ...(settings.messagingSimulator === true
        ? [component('demo conversations', container.resolve<DemoConversations>(TOKENS.simulator))]
        : []),
    ],
    readiness: () => readiness.check(),
    beginDrain: () => {
      readiness.beginDrain();
      // Ends waiting for a database that does not come.
      if (!schema.ready) void schema.stop();
    },
    metrics: container.resolve<MessageProducerMetrics>(TOKENS.metrics).registry,
  };
}

function component(name: string, part: Pick<Component, 'start' | 'stop'>): Component {
  return { name, start: () => part.start(), stop: () => part.stop() };
}
