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
import type { Bootstrap, BootstrapRequest, BootstrapResult } from './accounts/bootstrap';
import type { RootAccount } from './accounts/root-account';
import type { ObjectProducerMetrics } from './adapters/prom-metrics';
import type { ObjectProducerSettings } from './config';
import { buildContainer, SERVICE, type ObjectProducerPorts } from './container';
import { TOKENS } from './tokens';

/** The service, and what a composition root may want of it. */
export interface ObjectProducer extends ServiceModule {
  readonly database: Database;
  /** Of the root account, once started; undefined on an empty database without bootstrap settings. */
  readonly root: BootstrapResult | undefined;
  /** Makes the root account on an empty database; the settings do it at start already. Call after start. */
  bootstrap(request: BootstrapRequest): Promise<BootstrapResult>;
}

/**
 * Builds the service without starting it. Opens the database the settings ask for, unless it is handed one, which its
 * owner closes. Errors: `conflict` when another process uses DATA_DIR.
 */
export async function buildObjectProducer(
  settings: ObjectProducerSettings,
  ports: ObjectProducerPorts & { readonly database?: Database | undefined },
): Promise<ObjectProducer> {
  const database =
    ports.database ??
    (await openDatabase({ url: settings.databaseUrl, dataDir: settings.dataDir, logger: ports.logger }));
  const container = buildContainer(settings, ports, database);
  const service = databaseService({
    name: SERVICE,
    health: container.resolve<DatabaseHealth>(TOKENS.health),
    closeDatabase: ports.database === undefined ? () => database.close() : undefined,
    schema: container.resolve<Schema>(TOKENS.schema),
    broker: container.resolve<Broker>(TOKENS.broker),
    components: [
      component('outbox', container.resolve<OutboxDrainer>(TOKENS.drainer)),
      component('janitor', container.resolve<Janitor>(TOKENS.janitor)),
      component('requests', container.resolve<RequestServer>(TOKENS.requests)),
    ],
    metrics: container.resolve<ObjectProducerMetrics>(TOKENS.metrics).registry,
  });
  return {
    ...service,
    database,
    get root() {
      return container.resolve<RootAccount>(TOKENS.rootAccount).result;
    },
    bootstrap: (request) => container.resolve<Bootstrap>(TOKENS.bootstrap).run(request),
  };
}
