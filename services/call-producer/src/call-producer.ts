import { RequestServer, component, type ServiceModule } from '@ringdown/runtime';
import type { CallProducerSettings } from './config';
import { buildContainer, SERVICE, type CallProducerPorts } from './container';
import { instanceOperations } from './handlers/switch-operations';
import { idleCallProducer } from './idle-call-producer';
import { callProducerReadiness } from './readiness';
import { tokens } from './tokens';

/**
 * Builds the service; nothing is connected before its components are started. Error: `validation_failed` when the settings
 * do not say where calls come from.
 */
export function buildCallProducer(settings: CallProducerSettings, ports: CallProducerPorts): ServiceModule {
  if (settings.callSource === 'none') return idleCallProducer(SERVICE);
  const container = buildContainer(settings, ports);
  const broker = container.resolve(tokens.broker);
  const endpoints = container.resolve(tokens.endpoints);
  const publisher = container.resolve(tokens.publisher);
  const holder = container.resolve(tokens.holder);
  const metrics = container.resolve(tokens.metrics);
  let draining = false;

  metrics.observe({
    active: () => holder.currentSource !== undefined,
    connected: () => holder.problem() === undefined,
    channels: () => holder.currentSource?.channels().length ?? 0,
    endpoints: () => endpoints.directory.size,
    waitingEvents: () => publisher.depth,
  });
  broker.onStatus(({ state }) => {
    if (state === 'ready') publisher.resume();
  });

  const operations = new RequestServer(
    broker,
    instanceOperations(() => holder.currentSource),
  );

  return {
    name: SERVICE,
    components: [
      component('call-producer broker', broker),
      component('call-producer endpoints', endpoints),
      component('call-producer operations', operations),
      component('call-producer switch', holder),
    ],
    readiness: () => callProducerReadiness({ broker, holder, draining: () => draining }),
    beginDrain: () => {
      draining = true;
    },
    metrics: metrics.registry,
  };
}
