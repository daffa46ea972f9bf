import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { WebSocketServer, type WebSocket } from 'ws';
import { isAppError, messageOf, type Logger } from '@ringdown/core';
import { clientAddress, endWithResponse, type TrustedProxies, type UpgradeHandler } from '@ringdown/http';
import { WsTransport } from '../adapters/ws-transport';
import type { Access } from '../core/access';
import { closeLabel } from '../adapters/prom-metrics';
import type { Dialect } from '../core/dialect';
import type { Gateway } from '../core/gateway';
import type { GatewayMetrics } from '../core/metrics';
import type { SessionRegistry, Slot } from '../core/session-registry';
import {
  identityFromHeaders,
  refusalStatus,
  type Admission,
  type Refusal,
  type RefusalAnswer,
  type RefusalReason,
  type UpgradeRequest,
} from '../core/upgrade';

export interface AcceptUpgradeOptions {
  readonly gateway: Gateway;
  readonly access: Access;
  readonly registry: SessionRegistry;
  /** The protocol spoken at a path; undefined: 404. */
  readonly dialectAt: (path: string) => Dialect | undefined;
  readonly trustedProxies: TrustedProxies;
  readonly maxMessageBytes: number;
  readonly metrics: GatewayMetrics;
  readonly logger: Logger;
}

/** One upgrade on its way. */
interface Attempt {
  readonly request: IncomingMessage;
  readonly connection: Duplex;
  readonly head: Buffer;
  readonly dialect: Dialect;
  readonly described: UpgradeRequest;
  readonly slot: Slot;
}

/** After it a connection whose peer does not finish the closing handshake is destroyed. */
const CLOSE_TIMEOUT_MS = 2_000;

/**
 * From an HTTP upgrade to a session. Refusals are HTTP answers before the upgrade: 503 while draining or not started,
 * 404 for a path nobody serves, 429 over a connection limit, 403 for a token in the headers that is not accepted; a
 * dialect may decide by itself who is let in, and word its refusals. An offered subprotocol is accepted without selecting
 * one unless the dialect does; a handshake that is not one gets `ws`'s own 400 unless the dialect has words for it.
 */
export function createUpgradeAcceptor(options: AcceptUpgradeOptions): UpgradeHandler {
  const servers = new Map<Dialect, WebSocketServer>();
  /** Of upgrades under way. */
  const admissions = new WeakMap<IncomingMessage, Admission>();
  const attempts = new WeakMap<IncomingMessage, Attempt>();

  return (request, connection, head) => {
    connection.on('error', () => connection.destroy());
    void accept(request, connection, head).catch((error: unknown) => {
      options.logger.error('upgrade failed', { error: messageOf(error) });
      connection.destroy();
    });
  };

  async function accept(request: IncomingMessage, connection: Duplex, head: Buffer): Promise<void> {
    const { gateway, registry } = options;
    const address = clientAddress(request, options.trustedProxies);
    const described = describe(request, address);
    const dialect = options.dialectAt(described.path);
    if (dialect === undefined) {
      return answer(connection, envelope(404, 'no WebSocket is served at this path'));
    }
    const refuse = (reason: RefusalReason, message: string, error?: unknown): void =>
      refuseFor(dialect, described, connection, reason, message, error);

    if (!gateway.accepting) return refuse('not_accepting', 'not accepting connections');
    const slot = registry.takeSlot(address);
    if (slot === undefined) return refuse('address_limit', 'too many connections from this address');
    connection.once('close', () => slot.release());

    let admission: Admission;
    try {
      admission = await (dialect.admit?.(described) ?? admitByHeaders(described));
    } catch (error) {
      const reason = reasonOf(error);
      return refuse(reason, dialect.admit === undefined ? textOf(reason, error) : messageOf(error), error);
    }
    if (connection.destroyed) return slot.release();
    if (!gateway.accepting) return refuse('not_accepting', 'not accepting connections');
    const { identity } = admission;
    if (identity !== undefined && !registry.hasRoomFor(identity.principal)) {
      return refuse('principal_limit', 'too many connections of this principal');
    }
    const attempt = { request, connection, head, dialect, described, slot };
    admissions.set(request, admission);
    attempts.set(request, attempt);
    serverOf(dialect).handleUpgrade(request, connection, head, (socket) => open(socket, attempt, admission));
  }

  /** One per dialect: what a message may weigh, and how a bad handshake is answered, is the dialect's. */
  function serverOf(dialect: Dialect): WebSocketServer {
    let server = servers.get(dialect);
    if (server !== undefined) return server;
    server = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      perMessageDeflate: false,
      maxPayload: dialect.maxMessageBytes ?? options.maxMessageBytes,
      closeTimeout: CLOSE_TIMEOUT_MS,
      handleProtocols: (_offered, request) => admissions.get(request)?.protocol ?? false,
    } as ConstructorParameters<typeof WebSocketServer>[0]);
    if (dialect.renderRefusal !== undefined) {
      server.on('wsClientError', (error, connection, request) => {
        const attempt = attempts.get(request);
        if (attempt === undefined) connection.destroy();
        else refuseFor(dialect, attempt.described, connection, 'bad_handshake', error.message, error);
      });
    }
    servers.set(dialect, server);
    return server;
  }

  function open(socket: WebSocket, attempt: Attempt, admission: Admission): void {
    const { connection, dialect, described, slot } = attempt;
    const peer = (connection as Socket).remoteAddress ?? 'unknown';
    const remote = {
      address: described.address,
      peerAddress: peer.replace(/^::ffff:/, ''),
      peerPort: (connection as Socket).remotePort ?? 0,
    };
    const transport = new WsTransport(socket, connection);
    const session = options.gateway.open(dialect, transport, remote, described, admission);
    socket.on('message', (data, isBinary) => session.receive(data as Buffer, isBinary));
    socket.on('pong', () => (session.alive = true));
    socket.on('ping', () => (session.alive = true));
    // `ws` closes by itself after a protocol error, with its own code; the event must only not go unheard.
    socket.on('error', (error) => options.logger.debug('socket error', { error: error.message }));
    socket.on('close', (code) => {
      slot.release();
      const ours = session.closeReason;
      const said = ours === undefined ? code : (dialect.closeCodeOf?.(ours) ?? ours.code);
      options.metrics.socketClosed(said, closeLabel(code, ours?.name));
      session.onDisconnected();
    });
  }

  async function admitByHeaders({ headers }: UpgradeRequest): Promise<Admission> {
    return { identity: await identityFromHeaders(options.access, headers) };
  }

  function refuseFor(
    dialect: Dialect,
    request: UpgradeRequest,
    connection: Duplex,
    reason: RefusalReason,
    message: string,
    error: unknown,
  ): void {
    const refusal: Refusal = {
      reason,
      status: refusalStatus[reason],
      message,
      ...(error === undefined ? {} : { error }),
    };
    answer(connection, dialect.renderRefusal?.(refusal, request) ?? envelope(refusal.status, message));
  }

  function answer(connection: Duplex, { status, body, headers }: RefusalAnswer): void {
    options.metrics.upgradeRefused(status);
    endWithResponse(connection, status, body, headers);
  }
}

function envelope(status: number, message: string): RefusalAnswer {
  return { status, body: { status: 'error', error: String(status), message } };
}

function reasonOf(error: unknown): RefusalReason {
  if (!isAppError(error)) return 'unavailable';
  if (error.code === 'unauthorized' || error.code === 'forbidden') return error.code;
  return error.code === 'bad_request' || error.code === 'validation_failed' ? 'bad_request' : 'unavailable';
}

function textOf(reason: RefusalReason, error: unknown): string {
  return reason === 'unavailable' ? messageOf(error) : 'token not accepted';
}

function describe(request: IncomingMessage, address: string): UpgradeRequest {
  const url = request.url ?? '/';
  const end = url.search(/[?#]/);
  const query = end < 0 ? '' : url.slice(end + 1).split('#', 1)[0]!;
  const offered = request.headers['sec-websocket-protocol'] ?? '';
  return {
    method: request.method ?? 'GET',
    path: end < 0 ? url : url.slice(0, end),
    query: new URLSearchParams(query),
    headers: request.headers,
    protocols: offered
      .split(',')
      .map((name) => name.trim())
      .filter((name) => name !== ''),
    address,
  };
}
