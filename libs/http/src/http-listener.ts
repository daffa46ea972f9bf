import {
  createServer,
  ServerResponse,
  type IncomingMessage,
  type RequestListener,
  type Server,
} from 'node:http';
import { Server as NetServer, type AddressInfo, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { AppError, memoised, silentLogger, type Lifecycle, type Logger } from '@ringdown/core';
import { endWithResponse } from './plain-response';

/** Takes over an HTTP connection that asks for an upgrade. Must answer or destroy the socket. */
export type UpgradeHandler = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;

/** How long, on stop, a connection on which nothing has come yet may still bring its first request. */
const FIRST_REQUEST_MS = 1_000;

/** Settings of an {@link HttpListener}; times in milliseconds. */
export interface HttpListenerOptions {
  readonly host: string;
  /** 0: any free port; {@link HttpListener.port} tells which. */
  readonly port: number;
  /** The setting named when the port cannot be had, for example `RINGDOWN_API_PORT`. */
  readonly portSetting: string;
  readonly app: RequestListener;
  readonly logger?: Logger;
  /** Until the headers of a request are complete. Default 10,000. */
  readonly headersTimeoutMs?: number;
  /** Until a whole request arrived. Default 60,000. */
  readonly requestTimeoutMs?: number;
  /** An idle kept-alive connection. Default 65,000: longer than the usual load balancer's 60. */
  readonly keepAliveTimeoutMs?: number;
  /** A connection on which nothing moves while an answer is due or being sent. Default 120,000. */
  readonly socketTimeoutMs?: number;
  /** On stop, idle connections are closed one per millisecond, or evenly over this time when they are more: so that
   * clients do not return all at once. Default 500. One without any request yet has a second for its first. */
  readonly paceMs?: number;
  /** On stop, requests under way may take this long before their connections are destroyed. Default 10,000. */
  readonly drainTimeoutMs?: number;
  /** The JSON body for a request that could not be parsed, or an upgrade while draining. Default: status and message. */
  readonly renderParseError?: (status: number, message: string) => unknown;
}

/**
 * An HTTP server with a lifecycle: it says in one sentence why a port cannot be had, answers what does not parse, does
 * not let slow clients hold connections, hands upgrades to at most one handler, and drains.
 *
 * `beginDrain` refuses upgrades and ends each connection with its next answer; `stop` closes the port, ends idle
 * connections in a paced way and waits for the requests under way. Upgraded connections belong to their handler: stop
 * neither waits for them nor closes them.
 */
export class HttpListener implements Lifecycle {
  readonly start = memoised(() => (this.opening = this.open()));
  readonly stop = memoised(() => this.close());
  private readonly server: Server;
  private readonly logger: Logger;
  /** Plain HTTP connections and the answers each still owes. */
  private readonly connections = new Map<Duplex, Set<ServerResponse>>();
  /** Connections that got their last answer outside a response; what still arrives on them is not answered again. */
  private readonly refused = new WeakSet<Duplex>();
  /** Connections on which no request has come yet. */
  private readonly unused = new WeakSet<Duplex>();
  private upgradeHandler: UpgradeHandler | undefined;
  private draining = false;
  private opening: Promise<void> | undefined;
  private started = false;
  private whenEmpty: (() => void) | undefined;

  constructor(private readonly options: HttpListenerOptions) {
    this.logger = options.logger ?? silentLogger;
    this.server = createServer({
      // Without its Host check, because Node would answer with no body; onRequest answers instead.
      requireHostHeader: false,
      headersTimeout: options.headersTimeoutMs ?? 10_000,
      requestTimeout: options.requestTimeoutMs ?? 60_000,
      keepAliveTimeout: options.keepAliveTimeoutMs ?? 65_000,
      connectionsCheckingInterval: 1_000,
    });
    // A client may end its side once it has sent its request (RFC 9112, 9.6) and still gets the answer. Node can do it
    // but has no option for it.
    (this.server as Server & { httpAllowHalfOpen: boolean }).httpAllowHalfOpen = true;
    this.server.setTimeout(options.socketTimeoutMs ?? 120_000);
    this.server.on('connection', (socket) => this.onConnection(socket));
    this.server.on('request', (request, response) => this.onRequest(request, response));
    // An expectation we do not know may be ignored (RFC 9110, 10.1.1); Node's own answer has no body.
    this.server.on('checkExpectation', (request, response) => this.onRequest(request, response));
    this.server.on('connect', (_request, socket) => this.refuse(socket, 405, 'CONNECT is not supported'));
    this.server.on('clientError', (error: NodeJS.ErrnoException, socket) => this.onParseError(error, socket));
  }

  /** The port listened on; the configured one before start. */
  get port(): number {
    return (this.server.address() as AddressInfo | null)?.port ?? this.options.port;
  }

  get host(): string {
    return this.options.host;
  }

  get listening(): boolean {
    return this.server.listening && !this.draining;
  }

  /** Connections that are not upgraded. */
  get connectionCount(): number {
    return this.connections.size;
  }

  /** Hands every request for a WebSocket to `handler`. At most one; without one they are ordinary requests. */
  onUpgrade(handler: UpgradeHandler): void {
    if (this.upgradeHandler)
      throw new AppError('conflict', 'This HTTP listener already has an upgrade handler.');
    this.upgradeHandler = handler;
    this.server.on('upgrade', (request, socket, head) => this.onUpgradeRequest(request, socket, head));
  }

  /** From now on upgrades get 503 and every answer ends its connection; requests are still answered. */
  beginDrain(): void {
    this.draining = true;
    for (const owed of this.connections.values()) for (const response of owed) endConnectionWith(response);
  }

  private open(): Promise<void> {
    const { host, port } = this.options;
    return new Promise((resolve, reject) => {
      const failed = (error: NodeJS.ErrnoException): void => reject(this.listenError(error));
      this.server.once('error', failed);
      this.server.listen({ host, port }, () => {
        this.server.off('error', failed);
        this.server.on('error', (error) => this.logger.error('http server failed', { error }));
        this.started = true;
        this.logger.info('listening', { url: `http://${host}:${this.port}/` });
        resolve();
      });
    });
  }

  private listenError(error: NodeJS.ErrnoException): AppError {
    const { host, port, portSetting } = this.options;
    const wayOut = `choose another with ${portSetting}`;
    if (error.code === 'EADDRINUSE') {
      return new AppError(
        'conflict',
        `Port ${port} on ${host} is already in use: stop what listens there or ${wayOut}.`,
        {
          cause: error,
        },
      );
    }
    if (error.code === 'EACCES') {
      return new AppError(
        'forbidden',
        `Port ${port} on ${host} needs more rights than this process has: ${wayOut}.`,
        {
          cause: error,
        },
      );
    }
    return new AppError(
      'unavailable',
      `Cannot listen on ${host} port ${port} (${error.code ?? error.message}).`,
      {
        cause: error,
        retryable: false,
      },
    );
  }

  private async close(): Promise<void> {
    this.beginDrain();
    // A start under way is waited for; its failure is the starter's to report.
    await this.opening?.catch(() => undefined);
    if (!this.started) return;
    // Not http.Server.close: that one would cut every idle connection at once.
    NetServer.prototype.close.call(this.server);
    const idle = [...this.connections].filter(([, owed]) => owed.size === 0).map(([socket]) => socket);
    // A proxy that connected a moment ago has its first request on the way.
    const unused = idle.filter((socket) => this.unused.has(socket));
    const used = idle.filter((socket) => !this.unused.has(socket));
    const drainTimeoutMs = this.options.drainTimeoutMs ?? 10_000;
    // One per millisecond, faster when that would take longer than the setting.
    const spreadMs = Math.min(this.options.paceMs ?? 500, used.length);
    const timers = used.map((socket, index) =>
      setTimeout(() => this.endIfIdle(socket), (spreadMs * index) / used.length),
    );
    const firstRequestMs = Math.min(FIRST_REQUEST_MS, drainTimeoutMs / 2);
    timers.push(setTimeout(() => unused.forEach((socket) => this.endIfIdle(socket)), firstRequestMs));
    const deadline = setTimeout(() => {
      this.logger.warn('connections destroyed at the drain deadline', { count: this.connections.size });
      for (const socket of this.connections.keys()) socket.destroy();
    }, drainTimeoutMs);
    await new Promise<void>((resolve) => {
      this.whenEmpty = resolve;
      if (this.connections.size === 0) resolve();
    });
    for (const timer of timers) clearTimeout(timer);
    clearTimeout(deadline);
    // Ends Node's interval that checks for slow requests.
    this.server.close(() => undefined);
  }

  private onConnection(socket: Socket): void {
    this.connections.set(socket, new Set());
    this.unused.add(socket);
    socket.once('close', () => this.forget(socket));
  }

  private forget(socket: Duplex): void {
    this.connections.delete(socket);
    if (this.connections.size === 0) this.whenEmpty?.();
  }

  private endIfIdle(socket: Duplex): void {
    if (this.connections.get(socket)?.size === 0) socket.end(() => socket.destroy());
  }

  private onRequest(request: IncomingMessage, response: ServerResponse): void {
    const { socket } = request;
    this.unused.delete(socket);
    const owed = this.connections.get(socket);
    owed?.add(response);
    // What is missing when the client has ended its side will never come.
    const ended = (): void => {
      if (request.complete || response.headersSent || this.refused.has(socket)) return;
      this.refuse(socket, 400, 'the request ended too soon');
    };
    socket.once('end', ended);
    response.once('close', () => {
      socket.off('end', ended);
      owed?.delete(response);
      if (this.draining) this.endIfIdle(socket);
    });
    if (this.draining) endConnectionWith(response);
    if (request.httpVersion === '1.1' && request.headers.host === undefined) {
      this.refuse(socket, 400, 'header Host is missing');
      return;
    }
    this.options.app(request, response);
  }

  private onUpgradeRequest(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    if (request.headers.upgrade?.toLowerCase() !== 'websocket') {
      this.serveWithoutUpgrade(request, socket);
      return;
    }
    if (this.draining) {
      endWithResponse(socket, 503, this.rendered(503, 'shutting down'), { 'retry-after': '1' });
      return;
    }
    this.forget(socket);
    (socket as Socket).setTimeout(0);
    socket.on('error', () => undefined);
    this.upgradeHandler?.(request, socket, head);
  }

  /** An offer such as `Upgrade: h2c` is declined by answering the request itself (RFC 9110, 7.8). */
  private serveWithoutUpgrade(request: IncomingMessage, socket: Duplex): void {
    // Node stops parsing at an upgrade, so a body cannot be read any more.
    if (
      request.headers['content-length'] !== undefined ||
      request.headers['transfer-encoding'] !== undefined
    ) {
      this.refuse(socket, 400, 'an upgrade request cannot carry a body');
      return;
    }
    const response = new ServerResponse(request);
    response.assignSocket(socket as Socket);
    response.setHeader('connection', 'close');
    response.once('finish', () => socket.end(() => socket.destroy()));
    socket.on('error', () => undefined);
    this.onRequest(request, response);
  }

  private onParseError(error: NodeJS.ErrnoException, socket: Duplex): void {
    if (this.refused.has(socket)) return;
    if (error.code === 'ECONNRESET' || !socket.writable) {
      socket.destroy();
    } else if ([...(this.connections.get(socket) ?? [])].some((response) => response.headersSent)) {
      // A second answer inside the first would corrupt it.
      (socket as Socket).destroySoon();
    } else if (error.code === 'HPE_HEADER_OVERFLOW') {
      this.refuse(socket, 431, 'the request headers are too large');
    } else if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT') {
      this.refuse(socket, 408, 'the request took too long to arrive');
    } else {
      this.refuse(socket, 400, 'the request is not valid HTTP');
    }
  }

  private refuse(socket: Duplex, status: number, message: string): void {
    this.refused.add(socket);
    endWithResponse(socket, status, this.rendered(status, message), { 'access-control-allow-origin': '*' });
  }

  private rendered(status: number, message: string): unknown {
    const { renderParseError } = this.options;
    return renderParseError?.(status, message) ?? { status: 'error', error: String(status), message };
  }
}

function endConnectionWith(response: ServerResponse): void {
  if (!response.headersSent) response.setHeader('connection', 'close');
}
