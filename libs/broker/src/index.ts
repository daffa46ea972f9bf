export {
  handle,
  type Broker,
  type BrokerState,
  type BrokerStatus,
  type Claim,
  type ClaimListeners,
  type Delivery,
  type Feed,
  type FeedHandlers,
  type FeedOptions,
  type Gap,
  type GatheredAnswers,
  type InstanceInfo,
  type LogEntry,
  type LogHandlers,
  type LogOptions,
  type LogReader,
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
  noObserver,
  type BrokerObserver,
  type BrokerVitals,
  type PublishOutcome,
  type RequestOutcome,
} from './observer';
export {
  createEmbeddedHub,
  type EmbeddedConnectOptions,
  type EmbeddedHub,
  type EmbeddedHubOptions,
} from './embedded/embedded-hub';
export { createAmqpBroker, type AmqpBrokerOptions } from './amqp/amqp-broker';
export { type JournalLimits } from './shared/topology';
