import type { Broker } from '@ringdown/broker';
import {
  openDatabase,
  type Database,
  type DatabaseHealth,
  type Janitor,
  type OutboxDrainer,
  type Schema,
} from '@ringdown/database';
import { component, databaseService, type RequestServer, type ServiceModule } from '@ringdown/runtime';
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
  return databaseService({
    name: SERVICE,
    health: container.resolve<DatabaseHealth>(TOKENS.health),
    closeDatabase: ports.database === undefined ? () => database.close() : undefined,
    schema: container.resolve<Schema>(TOKENS.schema),
    broker: container.resolve<Broker>(TOKENS.broker),
    components: [
      component('outbox', container.resolve<OutboxDrainer>(TOKENS.drainer)),
      component('janitor', container.resolve<Janitor>(TOKENS.janitor)),
      component('deliveries', container.resolve<Deliverer>(TOKENS.deliverer)),
      component('requests', container.resolve<RequestServer>(TOKENS.requests)),
      ...(settings.messagingSimulator === true
        ? [component('demo conversations', container.resolve<DemoConversations>(TOKENS.simulator))]
        : []),
    ],
    metrics: container.resolve<MessageProducerMetrics>(TOKENS.metrics).registry,
  });
}
