import 'reflect-metadata';
import { TokenCodec } from '@ringdown/auth';
import type { Broker } from '@ringdown/broker';
import { systemClock, type Clock, type Logger } from '@ringdown/core';
import {
  DatabaseHealth,
  Janitor,
  migrate,
  OutboxDrainer,
  outboxMigrations,
  Schema,
  type Database,
} from '@ringdown/database';
import { RequestServer, outboxPublisher } from '@ringdown/runtime';
import {
  container as root,
  instanceCachingFactory,
  type DependencyContainer,
  type InjectionToken,
} from 'tsyringe';
import { Bootstrap } from './accounts/bootstrap';
import { CreateAccount } from './accounts/create-account';
import { DescribeRoot } from './accounts/describe-root';
import { ListAccounts } from './accounts/list-accounts';
import { RootAccount } from './accounts/root-account';
import { objectMigrations } from './adapters/migrations';
import { createPromMetrics, type ObjectProducerMetrics } from './adapters/prom-metrics';
import { repositoriesOver, transactions } from './adapters/repositories';
import type { ObjectTables } from './adapters/tables';
import { createWriter, type Writer, type WriterEffects } from './app/writer';
import { ApiAuth } from './auth/api-auth';
import { ApiKeys } from './auth/api-keys';
import { AttemptLimiter } from './auth/attempt-limiter';
import { Login } from './auth/login';
import { Revocations } from './auth/revocations';
import { UserAuth } from './auth/user-auth';
import { UserLogin } from './auth/user-login';
import type { ObjectProducerSettings } from './config';
import { ChangeDocument } from './documents/change-document';
import { CreateDocument } from './documents/create-document';
import { DeleteDocument } from './documents/delete-document';
import { GetDocument } from './documents/get-document';
import { ListDocuments } from './documents/list-documents';
import { ListEndpoints } from './endpoints/list-endpoints';
import { operationHandlers, type UseCases } from './handlers/operations';
import type { Stores } from './ports';
import { TOKENS } from './tokens';

export const SERVICE = 'object-producer';

/** What an object-producer is built from besides its settings. */
export interface ObjectProducerPorts {
  readonly brokerFactory: (service: string) => Broker;
  readonly logger: Logger;
  readonly clock?: Clock;
}

/** A form names no user: the limit for all users of an account together is wider than that of one. */
const ACCOUNT_LIMIT_FACTOR = 10;

/** The composition root; everything once per service, top to bottom in the order of need. */
export function buildContainer(
  settings: ObjectProducerSettings,
  ports: ObjectProducerPorts,
  database: Database,
): DependencyContainer {
  const container = root.createChildContainer();
  const logger = ports.logger.child({ service: SERVICE });
  const clock = ports.clock ?? systemClock;
  const provide = <T>(token: InjectionToken<T>, make: (c: DependencyContainer) => T): void => {
    container.register(token, { useFactory: instanceCachingFactory(() => make(container)) });
  };

  provide<Database>(TOKENS.database, () => database);
  provide(TOKENS.health, () => new DatabaseHealth(database, logger));
  provide<Broker>(TOKENS.broker, () => ports.brokerFactory(SERVICE));
  provide(
    TOKENS.drainer,
    (c) =>
      new OutboxDrainer({
        database,
        logger,
        clock,
        publisher: outboxPublisher(c.resolve<Broker>(TOKENS.broker)),
      }),
  );
  provide<Writer>(TOKENS.writer, (c) => {
    const broker = c.resolve<Broker>(TOKENS.broker);
    const drainer = c.resolve<OutboxDrainer>(TOKENS.drainer);
    const effects: WriterEffects = {
      kick: () => drainer.kick(),
      announce: (announcement) =>
        announcement.name === 'token_revoked'
          ? broker.announce('token_revoked', announcement.body)
          : broker.announce('principal_changed', announcement.body),
    };
    return createWriter(c.resolve(TOKENS.stores), transactions(database), effects, clock, logger);
  });
  provide<Stores>(TOKENS.stores, () => repositoriesOver(database.tables<ObjectTables>()));
  provide(
    TOKENS.bootstrap,
    (c) => new Bootstrap(database, c.resolve(TOKENS.stores), c.resolve(TOKENS.writer), logger),
  );
  provide(
    TOKENS.rootAccount,
    (c) => new RootAccount(c.resolve(TOKENS.bootstrap), settings.bootstrap, logger),
  );
  provide(TOKENS.schema, (c) => {
    const rootAccount = c.resolve<RootAccount>(TOKENS.rootAccount);
    return new Schema(async (signal) => {
      await migrate(database, [outboxMigrations, objectMigrations], logger, signal);
      await rootAccount.ensure();
    }, logger);
  });
  provide<UseCases>(TOKENS.useCases, (c) =>
    buildUseCases(settings, c.resolve(TOKENS.stores), c.resolve(TOKENS.writer), clock),
  );
  provide<ObjectProducerMetrics>(TOKENS.metrics, (c) =>
    createPromMetrics({ database, outbox: c.resolve<OutboxDrainer>(TOKENS.drainer) }),
  );
  provide(TOKENS.janitor, (c) => {
    const { requests, identity } = c.resolve<Stores>(TOKENS.stores);
    return new Janitor(
      [
        (nowMs, limit) => requests.forget(nowMs, limit),
        (nowMs, limit) => identity.forgetRevocations(Math.floor(nowMs / 1000), limit),
      ],
      clock,
      logger,
    );
  });
  provide(TOKENS.requests, (c) => {
    const metrics = c.resolve<ObjectProducerMetrics>(TOKENS.metrics);
    const handlers = operationHandlers(c.resolve(TOKENS.useCases));
    return new RequestServer(
      c.resolve(TOKENS.broker),
      handlers.map((handler) => metrics.counted(handler)),
    );
  });
  return container;
}

function buildUseCases(
  settings: ObjectProducerSettings,
  stores: Stores,
  writer: Writer,
  clock: Clock,
): UseCases {
  const login = new Login(stores, new TokenCodec(settings.authSecrets ?? [], clock), settings.authTokenTtlS);
  const perMinute = settings.authAttemptsPerMinute;
  const limiter = new AttemptLimiter(perMinute, clock);
  const userAuth = new UserAuth(stores, login, {
    precise: limiter,
    coarse: new AttemptLimiter(perMinute * ACCOUNT_LIMIT_FACTOR, clock),
  });
  return {
    stores,
    userAuth,
    userLogin: new UserLogin(stores, userAuth, login, limiter),
    apiAuth: new ApiAuth(stores, login, limiter),
    revocations: new Revocations(stores, writer, clock),
    apiKeys: new ApiKeys(stores, writer),
    createAccount: new CreateAccount(writer),
    listAccounts: new ListAccounts(stores),
    describeRoot: new DescribeRoot(stores),
    createDocument: new CreateDocument(stores, writer),
    getDocument: new GetDocument(stores),
    listDocuments: new ListDocuments(stores),
    changeDocument: new ChangeDocument(stores, writer),
    deleteDocument: new DeleteDocument(writer),
    listEndpoints: new ListEndpoints(stores),
  };
}
