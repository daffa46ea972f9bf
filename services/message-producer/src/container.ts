import 'reflect-metadata';
import type { Broker } from '@ringdown/broker';
import { MESSAGE_PRODUCER } from '@ringdown/contracts';
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
import { AskedAccounts } from './adapters/asked-accounts';
import { HttpCallback } from './adapters/http-callback';
import { messagingMigrations } from './adapters/migrations';
import { createPromMetrics, type MessageProducerMetrics } from './adapters/prom-metrics';
import { repositoriesOver, transactions } from './adapters/repositories';
import type { MessagingTables } from './adapters/tables';
import { AccountGate } from './app/account-gate';
import { createWriter, type Writer } from './app/writer';
import { Channels } from './channels/channels';
import type { MessageProducerSettings } from './config';
import { Conversations } from './conversations/conversations';
import { Attempt } from './deliveries/attempt';
import { Deliverer } from './deliveries/deliverer';
import { operationHandlers, type UseCases } from './handlers/operations';
import { SendMessage } from './messages/send-message';
import type { Accounts, Callback, Stores } from './ports';
import { createDemoConversations } from './simulator';
import { ReceiveSourceMessage } from './sources/receive-source-message';
import { Tags } from './tags/tags';
import { TOKENS } from './tokens';
import { Visitors } from './visitors/visitors';

export const SERVICE = MESSAGE_PRODUCER;

/** What a message-producer is built from besides its settings. */
export interface MessageProducerPorts {
  readonly brokerFactory: (service: string) => Broker;
  readonly logger: Logger;
  readonly clock?: Clock;
  /** Default: HTTP. */
  readonly callback?: Callback;
  /** Default: asks object-producer. */
  readonly accounts?: Accounts;
}

/** The composition root; everything once per service, top to bottom in the order of need. */
export function buildContainer(
  settings: MessageProducerSettings,
  ports: MessageProducerPorts,
  database: Database,
): DependencyContainer {
  const container = root.createChildContainer();
  const logger = ports.logger.child({ service: SERVICE });
  const clock = ports.clock ?? systemClock;
  const timeoutMs = settings.messagingDeliveryTimeoutMs;
  const provide = <T>(token: InjectionToken<T>, make: (c: DependencyContainer) => T): void => {
    container.register(token, { useFactory: instanceCachingFactory(() => make(container)) });
  };

  provide<Database>(TOKENS.database, () => database);
  provide(TOKENS.health, () => new DatabaseHealth(database, logger));
  provide<Broker>(TOKENS.broker, () => ports.brokerFactory(SERVICE));
  provide<Accounts>(
    TOKENS.accounts,
    (c) => ports.accounts ?? new AskedAccounts(c.resolve<Broker>(TOKENS.broker)),
  );
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
  provide<Stores>(TOKENS.stores, () => repositoriesOver(database.tables<MessagingTables>()));
  provide<Writer>(TOKENS.writer, (c) => {
    const drainer = c.resolve<OutboxDrainer>(TOKENS.drainer);
    return createWriter(
      c.resolve(TOKENS.stores),
      transactions(database),
      // The deliverer writes through this writer, so it is looked up when it is needed.
      { kick: () => drainer.kick(), deliver: () => c.resolve<Deliverer>(TOKENS.deliverer).kick() },
      clock,
    );
  });
  provide(
    TOKENS.schema,
    () =>
      new Schema(
        (signal) => migrate(database, [outboxMigrations, messagingMigrations], logger, signal),
        logger,
      ),
  );
  provide<MessageProducerMetrics>(TOKENS.metrics, (c) =>
    createPromMetrics({
      waiting: () => c.resolve<Stores>(TOKENS.stores).deliveries.waiting(),
      database,
      outbox: c.resolve<OutboxDrainer>(TOKENS.drainer),
    }),
  );
  provide(TOKENS.deliverer, (c) => {
    const callback =
      ports.callback ??
      new HttpCallback({ timeoutMs, allowPrivate: settings.messagingCallbackPrivateAddresses });
    const attempt = new Attempt(callback, c.resolve(TOKENS.accounts), c.resolve(TOKENS.writer), clock, {
      attempts: settings.messagingDeliveryAttempts,
      retryMs: settings.messagingDeliveryRetryMs,
    });
    const { attempted } = c.resolve<MessageProducerMetrics>(TOKENS.metrics);
    return new Deliverer(c.resolve<Stores>(TOKENS.stores).deliveries, attempt, attempted, clock, logger, {
      concurrency: settings.messagingDeliveryConcurrency,
      timeoutMs,
    });
  });
  provide<UseCases>(TOKENS.useCases, (c) => {
    const stores = c.resolve<Stores>(TOKENS.stores);
    const writer = c.resolve<Writer>(TOKENS.writer);
    const gate = new AccountGate(c.resolve(TOKENS.accounts));
    return {
      channels: new Channels(stores, writer),
      conversations: new Conversations(stores, writer),
      sendMessage: new SendMessage(stores, writer),
      tags: new Tags(stores, writer),
      visitors: new Visitors(stores, writer, gate, clock, settings.messagingVisitorTtlS),
      receiveSourceMessage: new ReceiveSourceMessage(stores, writer, gate, clock),
    };
  });
  provide(TOKENS.janitor, (c) => {
    const { requests, sessions } = c.resolve<Stores>(TOKENS.stores);
    return new Janitor(
      [(nowMs, limit) => requests.forget(nowMs, limit), (nowMs, limit) => sessions.forget(nowMs, limit)],
      clock,
      logger,
    );
  });
  provide(TOKENS.requests, (c) => {
    return new RequestServer(c.resolve(TOKENS.broker), operationHandlers(c.resolve(TOKENS.useCases)));
  });
  provide(TOKENS.simulator, (c) =>
    createDemoConversations({
      broker: c.resolve<Broker>(TOKENS.broker),
      use: c.resolve<UseCases>(TOKENS.useCases),
      writer: c.resolve<Writer>(TOKENS.writer),
      seed: settings.simulatorSeed,
      logger,
    }),
  );
  return container;
}
