export { buildObjectProducer, type ObjectProducer } from './object-producer';
export { type ObjectProducerPorts } from './container';
export { type ObjectProducerSettings } from './config';
export { type BootstrapRequest, type BootstrapResult } from './accounts/bootstrap';
