import type { Settings } from '@ringdown/config';
import { component, type ServiceModule } from '@ringdown/runtime';
import { SERVICE, buildContainer, type ChannelsPorts } from './container';
import { channelsReadiness } from './readiness';
import { tokens } from './tokens';

/** Builds the service; nothing is connected before its components are started. */
export function buildChannels(_settings: Settings, ports: ChannelsPorts): ServiceModule {
  const container = buildContainer(ports);
  const broker = container.resolve(tokens.broker);
  const registry = container.resolve(tokens.registry);
  const follower = container.resolve(tokens.follower);
  const metrics = container.resolve(tokens.metrics);
  let draining = false;

  metrics.observe({
    channels: () => registry.size,
    unowned: () => registry.unowned,
    accounts: () => registry.accountCount,
    offset: () => follower.offset,
    caughtUp: () => follower.problem === undefined,
  });
  return {
    name: SERVICE,
    components: [component('channels broker', broker), component('channels log', follower)],
    readiness: () => channelsReadiness({ broker, follower, draining }),
    beginDrain: () => {
      draining = true;
      // Ends waiting for a log that does not come.
      if (follower.problem !== undefined) void follower.stop();
    },
    metrics: metrics.registry,
  };
}
