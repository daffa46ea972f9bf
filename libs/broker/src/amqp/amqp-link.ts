import { type ChannelModel, connect, type Options, type RecoveringChannelModel } from 'amqplib';
import type { Socket } from 'node:net';
import { AppError, deferred, type Logger, messageOf, withDeadline } from '@ringdown/core';
import { connectFailure } from './amqp-errors';

const HEARTBEAT_S = 10;
const CONNECT_TIMEOUT_MS = 10_000;
/** Heartbeats find a dead socket; this is for a broker that answers heartbeats and nothing else. */
const SETUP_TIMEOUT_MS = 120_000;
const CLOSE_TIMEOUT_MS = 3_000;
/** What a server says may differ every time. */
const MAX_TOLD = 16;

export interface AmqpLinkOptions {
  /** Tried in turn. */
  readonly urls: readonly string[];
  /** Shown by the management UI. */
  readonly name: string;
  readonly logger: Logger;
  /** Makes everything that lives on the connection; run again, whole, on every reconnect. */
  readonly setup: (model: ChannelModel) => Promise<void>;
  readonly onUp: () => void;
  /** Everything on the connection is gone. May come without an `onUp` before it, when the setup was cut short. */
  readonly onDown: (reason: string) => void;
  readonly onBlocked: (reason: string | undefined) => void;
}

/** One connection that comes back: amqplib re-opens it with growing, jittered pauses, `setup` fills it again. */
export class AmqpLink {
  private recovering: RecoveringChannelModel | undefined;
  private model: ChannelModel | undefined;
  private closed = false;

  constructor(private readonly options: AmqpLinkOptions) {}

  /** Resolves when the first connection is set up. Rejects with `closed` when the link is closed before. */
  async open(): Promise<void> {
    const { urls, name, logger } = this.options;
    const targets = urls.map(parseUrl);
    // amqplib reads the fields at every attempt, so changing them makes it try the next server.
    const target = { ...targets[0] };
    let failures = 0;
    // A broker may be away for hours: each reason once until it is back, the rest for who wants to see every attempt.
    const told = new Set<string>();
    this.recovering = await connect(target, {
      timeout: CONNECT_TIMEOUT_MS,
      noDelay: true,
      keepAlive: true,
      clientProperties: { connection_name: name },
      recovery: {
        initialDelay: 100,
        maxDelay: 5_000,
        waitForConnect: false,
        setup: (model: ChannelModel) => this.setUp(model),
      },
    });
    this.recovering.on('connect', () => {
      told.clear();
      logger.info('broker connected', { connection: name, host: target.hostname });
      this.options.onUp();
    });
    this.recovering.on('connect-failed', (error) => {
      const details = { connection: name, host: target.hostname, error: connectFailure(error.message) };
      const reason = `${details.host} ${details.error}`;
      if (told.has(reason) || told.size >= MAX_TOLD) {
        logger.debug('broker connection failed again', details);
      } else {
        told.add(reason);
        logger.warn('broker connection failed, trying again', details);
      }
      Object.assign(target, targets[++failures % targets.length]);
    });
    this.recovering.on('error', (error: unknown) =>
      logger.debug('broker connection error', { connection: name, error: messageOf(error) }),
    );
    if (this.closed) await this.recovering.close();
    try {
      await this.recovering.waitForConnect();
    } catch (error) {
      throw new AppError('closed', 'the broker stopped before it was connected', { cause: error });
    }
  }

  async close(): Promise<void> {
    this.closed = true;
    if (this.recovering === undefined) return;
    await withDeadline(this.recovering.close(), CLOSE_TIMEOUT_MS, 'closing the connection').catch(
      () => undefined,
    );
    // amqplib half-closes after its handshake, and does not know of a connection that is still being set up; either
    // would keep the process alive. With an error, because that is what it cleans up after.
    if (this.model !== undefined) socketOf(this.model).destroy(new Error('connection closed'));
  }

  private async setUp(model: ChannelModel): Promise<void> {
    this.model = model;
    const lost = deferred<never>();
    lost.promise.catch(() => undefined);
    // Before amqplib's own listeners: its recovery attaches them after this function, and would miss a loss meanwhile.
    model.on('error', () => undefined);
    model.on('close', (error?: Error) => {
      const reason = error?.message ?? 'connection closed';
      this.options.onDown(reason);
      lost.reject(new Error(`connection lost while it was set up: ${reason}`));
    });
    model.on('blocked', (reason) => this.options.onBlocked(reason));
    model.on('unblocked', () => this.options.onBlocked(undefined));
    await withDeadline(
      Promise.race([this.options.setup(model), lost.promise]),
      SETUP_TIMEOUT_MS,
      'setting up the connection',
    );
    // The race may have been won by the setup in the very turn in which the connection went.
    await Promise.race([lost.promise, Promise.resolve()]);
  }
}

function parseUrl(text: string): Options.Connect {
  const url = new URL(text);
  const heartbeat = url.searchParams.get('heartbeat');
  return {
    protocol: url.protocol.slice(0, -1),
    hostname: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? (url.protocol === 'amqps:' ? 5671 : 5672) : Number(url.port),
    username: url.username === '' ? 'guest' : decodeURIComponent(url.username),
    password: url.password === '' ? 'guest' : decodeURIComponent(url.password),
    // Stays encoded; amqplib decodes it.
    vhost: url.pathname.length > 1 ? url.pathname.slice(1) : '/',
    heartbeat: heartbeat === null ? HEARTBEAT_S : Number(heartbeat),
  };
}

/** amqplib has no way to drop a connection without the peer's help. */
function socketOf(model: ChannelModel): Socket {
  return (model.connection as unknown as { readonly stream: Socket }).stream;
}
