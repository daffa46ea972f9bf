import { memoised } from '@ringdown/core';
import type { Subscription } from '@ringdown/broker';
import type { Settings } from '@ringdown/config';
import type { UpgradeHandler } from '@ringdown/http';
import type { Component, ServiceModule } from '@ringdown/runtime';
import { buildContainer, type BlackholePorts } from './container';
import { hubOperations } from './handlers/hub-operations';
import { socketOperations } from './handlers/socket-operations';
import { blackholeReadiness } from './readiness';
import { tokens } from './tokens';

/** The WebSocket gateway as a service. */
export interface Blackhole extends ServiceModule {
  /**
   * Takes sockets on another listener, too. `paths`: where Kazoo's dialect is spoken, default everywhere. The other
   * dialects are at their own paths; 404 elsewhere.
   */
  upgradeHandler(options?: { readonly paths?: readonly string[] }): UpgradeHandler;
  /** Of its own listener; the configured one before start. */
  readonly port: number;
}

/** Builds the service; nothing is connected or listens before its components are started. */
export function buildBlackhole(settings: Settings, ports: BlackholePorts): Blackhole {
  const container = buildContainer(settings, ports);
  const broker = container.resolve(tokens.broker);
  const directory = container.resolve(tokens.directory);
  const gateway = container.resolve(tokens.gateway);
  const listener = container.resolve(tokens.listener);
  const dialect = container.resolve(tokens.dialect);
  const metrics = container.resolve(tokens.metrics);
  const registry = container.resolve(tokens.registry);

  const protocols = new Set(
    [dialect, ...container.resolve(tokens.dialectPaths).values()].map((it) => it.name),
  );

  metrics.observe({
    sockets: () => registry.size,
    socketsByProtocol: () => registry.byProtocol(protocols),
    authenticatedSockets: () => registry.authenticated,
    subscriptions: () => container.resolve(tokens.table).size,
    bindings: () => container.resolve(tokens.bindings).size,
    queuedBytes: () => registry.queuedBytes,
  });

  let serving: Subscription | undefined;
  const operations: Component = {
    name: 'blackhole operations',
    start: memoised(async () => {
      serving = await broker.serve([
        ...socketOperations(registry, broker.instance),
        ...hubOperations(container.resolve(tokens.hub), registry, broker.instance),
      ]);
    }),
    stop: memoised(async () => serving?.close()),
  };

  return {
    name: 'blackhole',
    // The listener comes first and goes last, so that probes get an answer as long as there is anything to say.
    components: [
      named('blackhole listener', listener),
      named('blackhole broker', broker),
      named('blackhole directory', directory),
      named('blackhole event feed', container.resolve(tokens.feed)),
      named('blackhole gateway', gateway),
      operations,
    ],
    readiness: () => blackholeReadiness({ broker, directory, gateway }),
    beginDrain: () => {
      gateway.beginDrain();
      listener.beginDrain();
    },
    metrics: metrics.registry,
    upgradeHandler: ({ paths } = {}) => {
      const served = paths === undefined ? undefined : new Set(paths);
      const others = container.resolve(tokens.dialectPaths);
      return container.resolve(tokens.acceptUpgrade)(
        (path) => others.get(path) ?? (served === undefined || served.has(path) ? dialect : undefined),
      );
    },
    get port() {
      return listener.port;
    },
  };
}

function named(name: string, part: { start(): Promise<void>; stop(): Promise<void> }): Component {
  return { name, start: () => part.start(), stop: () => part.stop() };
}
