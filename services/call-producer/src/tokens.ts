import type { InjectionToken } from 'tsyringe';
import type { Broker } from '@ringdown/broker';
import type { CallProducerMetrics } from './adapters/prom-metrics';
import type { EndpointKeeper } from './app/endpoint-keeper';
import type { EventPublisher } from './app/event-publisher';
import type { SwitchHolder } from './app/switch-holder';
import type { CallSourceFactory } from './domain/call-source';

/** What the container knows, in start order. */
export const tokens = {
  broker: Symbol('broker') as InjectionToken<Broker>,
  metrics: Symbol('metrics') as InjectionToken<CallProducerMetrics>,
  endpoints: Symbol('endpoints') as InjectionToken<EndpointKeeper>,
  publisher: Symbol('publisher') as InjectionToken<EventPublisher>,
  sourceFactory: Symbol('sourceFactory') as InjectionToken<CallSourceFactory>,
  holder: Symbol('holder') as InjectionToken<SwitchHolder>,
};
