import 'reflect-metadata';
import type { Broker } from '@ringdown/broker';
import { systemClock, type Clock, type Logger } from '@ringdown/core';
import {
  container as root,
  instanceCachingFactory,
  type DependencyContainer,
  type InjectionToken,
} from 'tsyringe';
import { createPromMetrics } from './adapters/prom-metrics';
import { CommandChannel } from './app/command-channel';
import { LogFollower } from './app/log-follower';
import { ChannelRegistry } from './domain/channel-registry';
import { RecentIds } from './domain/recent-ids';
import { channelOperations } from './handlers/operations';
import { tokens } from './tokens';

export const SERVICE = 'channels';

/** What the registry is built from besides its settings. */
export interface ChannelsPorts {
  readonly brokerFactory: (service: string) => Broker;
  readonly logger: Logger;
  readonly clock?: Clock;
}

/** The composition root; everything once per service, top to bottom in the order of need. */
export function buildContainer(ports: ChannelsPorts): DependencyContainer {
  const container = root.createChildContainer();
  const logger = ports.logger.child({ service: SERVICE });
  const clock = ports.clock ?? systemClock;
  const provide = <T>(token: InjectionToken<T>, make: (c: DependencyContainer) => T): void => {
    container.register(token, { useFactory: instanceCachingFactory(() => make(container)) });
  };

  provide(tokens.metrics, () => createPromMetrics());
  provide(tokens.broker, () => ports.brokerFactory(SERVICE));
  provide(tokens.registry, () => new ChannelRegistry());
  provide(tokens.recent, () => new RecentIds());
  provide(
    tokens.commands,
    (c) => new CommandChannel(c.resolve(tokens.registry), c.resolve(tokens.broker), clock),
  );
  provide(tokens.follower, (c) => {
    const metrics = c.resolve(tokens.metrics);
    const parts = { registry: c.resolve(tokens.registry), recent: c.resolve(tokens.recent), clock };
    const follower: LogFollower = new LogFollower({
      ...parts,
      broker: c.resolve(tokens.broker),
      metrics,
      logger,
      handlers: () => channelOperations({ ...parts, follower, commands: c.resolve(tokens.commands) }),
    });
    return follower;
  });
  return container;
}
