export { buildCallProducer } from './call-producer';
export { type CallProducerPorts } from './container';
export { switchIdOf, type CallProducerSettings } from './config';
