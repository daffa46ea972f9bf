import type { Broker } from '@ringdown/broker';
import type { InjectionToken } from 'tsyringe';
import type { PromMetrics } from './adapters/prom-metrics';
import type { CommandChannel } from './app/command-channel';
import type { LogFollower } from './app/log-follower';
import type { ChannelRegistry } from './domain/channel-registry';
import type { RecentIds } from './domain/recent-ids';

export const tokens = {
  metrics: Symbol('metrics') as InjectionToken<PromMetrics>,
  broker: Symbol('broker') as InjectionToken<Broker>,
  registry: Symbol('registry') as InjectionToken<ChannelRegistry>,
  recent: Symbol('recent') as InjectionToken<RecentIds>,
  commands: Symbol('commands') as InjectionToken<CommandChannel>,
  follower: Symbol('follower') as InjectionToken<LogFollower>,
} as const;
