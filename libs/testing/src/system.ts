import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomHex } from '@ringdown/core';
import { freePorts } from './free-port';
import { ApiClient } from './http-client';
import { startProcess, type RunningProcess } from './processes';
import { onTeardown } from './teardown';
import { WsClient } from './ws-client';

/** Settings of a process. */
type Environment = Readonly<Record<string, string | number | undefined>>;

/** Which services to run against which servers. */
export interface SystemOptions {
  readonly amqpUrl: string;
  /** Default: PGlite in a temporary folder, for a single object-producer. */
  readonly databaseUrl?: string;
  /** Default 1 of each. */
  readonly apiGateways?: number;
  readonly blackholes?: number;
  readonly objectProducers?: number;
  /** Default none: settings of each message-producer. */
  readonly messageProducers?: readonly Environment[];
  /** Default none: registries of live channels. */
  readonly channels?: number;
  /** Default none: settings of each call-producer, for example `{ RINGDOWN_CALL_SOURCE: 'simulator' }`. */
  readonly callProducers?: readonly Environment[];
  /** Settings of every process. */
  readonly env?: Environment;
}

/** A service process and where it listens. */
export interface RunningService {
  readonly name: string;
  readonly process: RunningProcess;
  /** For example `http://127.0.0.1:8000`; health, readiness and metrics are below it. */
  readonly url: string;
  /** The same address for sockets. */
  readonly wsUrl: string;
}

/** The distributed system on this machine: one process per service, as an operator runs it. */
export class TestSystem {
  readonly apiGateways: RunningService[] = [];
  readonly blackholes: RunningService[] = [];
  readonly objectProducers: RunningService[] = [];
  readonly messageProducers: RunningService[] = [];
  readonly channels: RunningService[] = [];
  readonly callProducers: RunningService[] = [];
  readonly username = 'admin';
  readonly password = randomHex(24);
  readonly accountName = 'root';
  private readonly dataDir = mkdtempSync(join(tmpdir(), 'ringdown-system-'));
  private readonly secret = `test:${randomHex(48)}`;

  private constructor(private readonly options: SystemOptions) {}

  /** Starts the processes and waits until all are ready. Stopped at the end of the spec file at the latest. */
  static async start(options: SystemOptions): Promise<TestSystem> {
    const system = new TestSystem(options);
    onTeardown(() => system.stop());
    const starts = [
      ...times(options.objectProducers ?? 1, () => system.startObjectProducer()),
      ...(options.messageProducers ?? []).map((env) => system.startMessageProducer(env)),
      ...times(options.apiGateways ?? 1, () => system.startApiGateway()),
      ...times(options.blackholes ?? 1, () => system.startBlackhole()),
      ...times(options.channels ?? 0, () => system.startChannels()),
      ...(options.callProducers ?? []).map((env) => system.startCallProducer(env)),
    ];
    await Promise.all(starts);
    return system;
  }

  startApiGateway(env?: Environment): Promise<RunningService> {
    return this.startService('api-gateway', 'RINGDOWN_API_PORT', this.apiGateways, env);
  }

  startBlackhole(env?: Environment): Promise<RunningService> {
    return this.startService('blackhole', 'RINGDOWN_WS_PORT', this.blackholes, env);
  }

  startObjectProducer(env?: Environment): Promise<RunningService> {
    return this.startService('object-producer', 'RINGDOWN_OPS_PORT', this.objectProducers, env);
  }

  startMessageProducer(env?: Environment): Promise<RunningService> {
    return this.startService('message-producer', 'RINGDOWN_OPS_PORT', this.messageProducers, env);
  }

  startChannels(env?: Environment): Promise<RunningService> {
    return this.startService('channels', 'RINGDOWN_OPS_PORT', this.channels, env);
  }

  /** Of two for one switch the second is ready, too, while it stands by. */
  startCallProducer(env?: Environment): Promise<RunningService> {
    return this.startService('call-producer', 'RINGDOWN_OPS_PORT', this.callProducers, env);
  }

  /** A client of the first gateway, logged in as the super admin. */
  async admin(gateway: RunningService = this.apiGateways[0]!): Promise<ApiClient> {
    return new ApiClient(gateway.url).login(this.username, this.password, { name: this.accountName });
  }

  /** A socket to a gateway, the first by default. */
  connect(token: string | undefined, gateway: RunningService = this.blackholes[0]!): Promise<WsClient> {
    return WsClient.connect(gateway.wsUrl, token === undefined ? {} : { token });
  }

  async stop(): Promise<void> {
    const services = [
      ...this.blackholes,
      ...this.apiGateways,
      ...this.callProducers,
      ...this.channels,
      ...this.messageProducers,
      ...this.objectProducers,
    ];
    await Promise.all(services.map(({ process }) => process.stop()));
    rmSync(this.dataDir, { recursive: true, force: true });
  }

  private async startService(
    name: string,
    portSetting: string,
    list: RunningService[],
    env: Environment = {},
  ): Promise<RunningService> {
    const [port] = await freePorts(1);
    const process = startProcess({
      service: name,
      env: {
        RINGDOWN_AMQP_URL: this.options.amqpUrl,
        RINGDOWN_DATABASE_URL: this.options.databaseUrl,
        RINGDOWN_DATA_DIR: this.dataDir,
        RINGDOWN_AUTH_SECRET: this.secret,
        RINGDOWN_BOOTSTRAP_ACCOUNT_NAME: this.accountName,
        RINGDOWN_BOOTSTRAP_USERNAME: this.username,
        RINGDOWN_BOOTSTRAP_PASSWORD: this.password,
        RINGDOWN_BOOTSTRAP_EMAIL: 'admin@root.example',
        RINGDOWN_API_RATE_CAPACITY: 100_000,
        RINGDOWN_API_RATE_PER_SECOND: 100_000,
        RINGDOWN_LOG_FORMAT: 'json',
        [portSetting]: port,
        ...this.options.env,
        ...env,
      },
    });
    const service = { name, process, url: `http://127.0.0.1:${port}`, wsUrl: `ws://127.0.0.1:${port}` };
    list.push(service);
    await process.waitForReady(`${service.url}/readyz`, 60_000);
    return service;
  }
}

function times<T>(count: number, make: () => T): T[] {
  return Array.from({ length: count }, make);
}
