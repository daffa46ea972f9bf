import type { PrincipalDirectory } from '@ringdown/auth';
import type { Broker } from '@ringdown/broker';
import type { Settings } from '@ringdown/config';
import type { HttpListener } from '@ringdown/http';
import type { Component, ServiceModule } from '@ringdown/runtime';
import type { ApiMetrics } from './app/metrics';
import { buildContainer, SERVICE, type ApiGatewayPorts } from './container';
import type { ReadinessProbe } from './readiness';
import { TOKENS } from './tokens';

export { type ApiGatewayPorts } from './container';

/** The service, and its listener, so that one process can serve WebSockets on the same port. */
export interface ApiGateway extends ServiceModule {
  readonly listener: HttpListener;
}

/**
 * Builds the service without starting it. The listener opens first, so that probes are answered while the broker is
 * still waited for. It also closes first (that is what the last component is for): requests under way still need the
 * directory and the broker, which stop after them.
 */
export function buildApiGateway(settings: Settings, ports: ApiGatewayPorts): ApiGateway {
  const container = buildContainer(settings, ports);
  const broker = container.resolve<Broker>(TOKENS.broker);
  const directory = container.resolve<PrincipalDirectory>(TOKENS.directory);
  const readiness = container.resolve<ReadinessProbe>(TOKENS.readiness);
  const listener = container.resolve<HttpListener>(TOKENS.listener);
  return {
    name: SERVICE,
    components: [
      component('http listener', listener),
      component('broker', broker),
      component('directory', directory),
      { name: 'http drain', start: () => Promise.resolve(), stop: () => listener.stop() },
    ],
    readiness: () => readiness.check(),
    beginDrain: () => {
      readiness.beginDrain();
      listener.beginDrain();
    },
    metrics: container.resolve<ApiMetrics>(TOKENS.metrics).registry,
    listener,
  };
}

function component(name: string, part: Pick<Component, 'start' | 'stop'>): Component {
  return { name, start: () => part.start(), stop: () => part.stop() };
}
