import 'reflect-metadata';
import type { Broker } from '@ringdown/broker';
import { systemClock, type Clock, type Logger } from '@ringdown/core';
import type { CommandOutcome } from '@ringdown/contracts';
import {
  container as root,
  instanceCachingFactory,
  type DependencyContainer,
  type InjectionToken,
} from 'tsyringe';
import { createPromMetrics } from './adapters/prom-metrics';
import { rpcDocuments } from './adapters/rpc-documents';
import { EndpointKeeper } from './app/endpoint-keeper';
import { EventPublisher } from './app/event-publisher';
import { knownChannels } from './app/known-channels';
import { RememberedRequests } from './app/remembered-requests';
import { SwitchHolder } from './app/switch-holder';
import { snapshotIntervalMs, switchIdOf, type CallProducerSettings } from './config';
import { claimedOperations } from './handlers/switch-operations';
import { createSource } from './sources';
import { tokens } from './tokens';

export const SERVICE = 'call-producer';

/** How long calls wait for the directory of devices: after that they are told without their owners. */
const DIRECTORY_PATIENCE_MS = 10_000;

/** What a call-producer is built from besides its settings. */
export interface CallProducerPorts {
  readonly brokerFactory: (service: string) => Broker;
  readonly logger: Logger;
  readonly clock?: Clock;
}

/** The composition root; everything once per service, top to bottom in the order of need. */
export function buildContainer(
  settings: CallProducerSettings,
  ports: CallProducerPorts,
): DependencyContainer {
  const container = root.createChildContainer();
  const switchId = switchIdOf(settings);
  const intervalMs = snapshotIntervalMs(settings);
  const logger = ports.logger.child({ service: SERVICE });
  const clock = ports.clock ?? systemClock;
  const provide = <T>(token: InjectionToken<T>, make: (c: DependencyContainer) => T): void => {
    container.register(token, { useFactory: instanceCachingFactory(() => make(container)) });
  };

  provide(tokens.broker, () => ports.brokerFactory(SERVICE));
  provide(tokens.metrics, () => createPromMetrics());
  provide(tokens.endpoints, (c) => new EndpointKeeper(c.resolve(tokens.broker), logger));
  provide(tokens.publisher, (c) => {
    const broker = c.resolve(tokens.broker);
    return new EventPublisher(
      {
        publish: (message, options) => broker.publish(message, options),
        get ready() {
          return broker.status().state === 'ready';
        },
      },
      c.resolve(tokens.metrics),
      logger,
    );
  });
  provide(tokens.sourceFactory, (c) =>
    createSource(settings, {
      documents: rpcDocuments(c.resolve(tokens.broker)),
      logger,
      clock,
    }),
  );
  provide(tokens.holder, (c) => {
    const broker = c.resolve(tokens.broker);
    const endpoints = c.resolve(tokens.endpoints);
    const metrics = c.resolve(tokens.metrics);
    const remembered = new RememberedRequests<CommandOutcome>(clock);
    const handlers = claimedOperations(() => holder.source(), remembered);
    const holder: SwitchHolder = new SwitchHolder({
      broker,
      switchId,
      holder: broker.instance,
      factory: c.resolve(tokens.sourceFactory),
      publisher: c.resolve(tokens.publisher),
      directory: endpoints.directory,
      directoryReady: async (signal) => {
        const loaded = await endpoints.whenLoaded(DIRECTORY_PATIENCE_MS, signal);
        if (loaded || signal.aborted) return;
        logger.warn('the devices are not known yet: calls are told without their owners until they are');
      },
      known: (signal) => knownChannels(broker, switchId, { logger, clock, signal }),
      handlers: handlers.map((handler) => metrics.counted(handler)),
      snapshotIntervalMs: intervalMs,
      counters: metrics,
      logger,
      clock,
    });
    return holder;
  });
  return container;
}
