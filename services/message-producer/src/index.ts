export { buildMessageProducer } from './message-producer';
export { type MessageProducerPorts } from './container';
export { type MessageProducerSettings } from './config';
