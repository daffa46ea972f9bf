export {
  handle,
  type Broker,
  type BrokerState,
  type BrokerStatus,
  type Delivery,
  type Feed,
  type FeedHandlers,
  type FeedOptions,
  type Gap,
  type GatheredAnswers,
  type InstanceInfo,
  type OperationHandler,
  type OutgoingMessage,
  type PublishOptions,
  type PublishResult,
  type RequestContext,
  type RequestOptions,
  type ServeOptions,
  type Subscription,
  type WorkQueueOptions,
} from './broker';
export {
  createEmbeddedHub,
  type EmbeddedConnectOptions,
  type EmbeddedHub,
  type EmbeddedHubOptions,
} from './embedded/embedded-hub';
export { createAmqpBroker, type AmqpBrokerOptions } from './amqp/amqp-broker';
