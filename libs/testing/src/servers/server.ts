/** Where a test server came from. */
export type ServerSource = 'environment' | 'docker' | 'private';

/** A real server for tests. */
export interface TestServer {
  readonly url: string;
  /** RabbitMQ only: its management HTTP API, with user and password. */
  readonly managementUrl?: string;
  /** RabbitMQ started with {@link RabbitMqOptions.webStomp} only: where it speaks STOMP over WebSockets. */
  readonly webStompUrl?: string;
  /** The process, or a shell above it, as this machine's process table has it; undefined where that cannot be known. */
  readonly pid?: number | undefined;
  readonly version: string;
  readonly source: ServerSource;
  /** One phrase for a person: where it came from. */
  readonly how: string;
  /** Stops it and deletes its data; a server of the environment is left alone. Idempotent. */
  stop(): Promise<void>;
}

/** A server of one's own, made to be broken: ports and data survive everything but {@link TestServer.stop}. */
export interface BreakableServer extends TestServer {
  readonly running: boolean;
  /** Starts it again after {@link shutdown} or {@link kill9}; resolves when it answers. */
  start(): Promise<void>;
  /** Stops it in order and keeps the data. */
  shutdown(): Promise<void>;
  /** {@link shutdown}, then {@link start}. */
  restart(): Promise<void>;
  /** Kills it without warning and keeps the data. */
  kill9(): Promise<void>;
  /** Freezes it: connections stay open and nothing answers. */
  pause(): Promise<void>;
  resume(): Promise<void>;
}

/** What a RabbitMQ should have beyond AMQP and the management API. */
export interface RabbitMqOptions {
  /** The plugin that speaks STOMP over WebSockets: a peer to compare with. */
  readonly webStomp?: boolean;
}

/** No such server can be had here; the message is the reason, for the skipped tests' summary. */
export class ServerUnavailable extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = 'ServerUnavailable';
  }
}

/** What start functions need from their caller. */
export interface StartContext {
  /** Progress worth a line: pulling an image, installing a package. Default: silent. */
  readonly say?: (line: string) => void;
  /** False: never install packages. Default: by `RINGDOWN_TEST_INSTALL`. */
  readonly mayInstall?: boolean;
}
