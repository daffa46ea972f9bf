export { composeBroker, type BrokerFactory } from './compose-broker';
export { run, type HostProcess, type RunContext, type RunOptions } from './run';
export { component, type Component, type Readiness, type ServiceModule } from './service-module';
export { databaseService, outboxPublisher, type DatabaseServiceParts } from './database-service';
export { LifecycleRunner, type LifecycleRunnerOptions } from './lifecycle-runner';
export { OpsServer, type OpsServerOptions } from './ops-server';
export { RequestServer } from './request-server';
export { RuntimeMetrics } from './runtime-metrics';
export { BrokerMetrics } from './broker-metrics';
export { observeDatabase, type ObservedDatabase } from './database-metrics';
export { waitFor, type WaitForOptions } from './wait-for';
export {
  bootstrapPasswordFile,
  isLoopback,
  withGeneratedSecret,
  withLocalBootstrap,
  withLocalSecret,
} from './local-identity';
