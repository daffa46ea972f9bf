export { waitUntil, type WaitOptions } from './wait-until';
export { freePort, freePorts } from './free-port';
export { closeEverything, onTeardown } from './teardown';
export { repositoryRoot } from './repository';
export { startProcess, type ExitStatus, type RunningProcess, type StartOptions } from './processes';
export {
  UpgradeRefused,
  WsClient,
  type CloseStatus,
  type EventFrame,
  type Frame,
  type Reply,
  type WsConnectOptions,
} from './ws-client';
export { RawSocket, rawFrame, type RawFrame } from './raw-socket';
export { TcpProxy, type ProxyMode } from './tcp-proxy';
export { RabbitMqManagement } from './rabbitmq-management';
export { brokerAddresses, createVhost, type BrokerAddresses, type Vhost } from './vhost';
export { createTestDatabase, databaseServerUrl, type TestDatabase } from './test-database';
export { ForeignAmqp, type ForeignMessage, type ForeignProperties } from './foreign-amqp';
export { ApiClient, type ApiAnswer, type ApiRequestOptions } from './http-client';
export {
  describeWithOwnServers,
  describeWithPostgres,
  describeWithRabbitMq,
  describeWithServers,
} from './describe-with';
export {
  ServerUnavailable,
  type BreakableServer,
  type RabbitMqOptions,
  type StartContext,
  type TestServer,
} from './servers/server';
export { startOwnRabbitMq, startRabbitMq } from './servers/rabbitmq';
export { startOwnPostgres, startPostgres } from './servers/postgres';
export { RUN_MARKER, leftoversOf, type Leftover } from './leftovers';
export { TestSystem, type RunningService, type SystemOptions } from './system';
export { ownServersPossible } from './servers/own-servers';
export { hold, type Held } from './guard';
export { temporaryDirectory } from './servers/temporary-directory';
export { startAsterisk, type Asterisk } from './asterisk/asterisk';
export { AmiClient, type AmiMessage } from './asterisk/ami-client';
export { describeWithAsterisk, prepareAsterisk } from './asterisk/describe-with-asterisk';
export { SipCall } from './asterisk/sip-call';
export { Telephone } from './asterisk/telephone';
export { ComposeProject, type ComposeContainer } from './compose/compose-project';
export { describeWithCompose, prepareCompose } from './compose/describe-with-compose';
export { ServiceHarness, type HarnessParts, type SeenEvent } from './service/service-harness';
export { breakableDatabase, databaseOutageSuite, insist } from './service/database-outages';
