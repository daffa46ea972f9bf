import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { WebSocketServer, type WebSocket } from 'ws';
import { AppError, isAppError, messageOf, withDeadline, type Logger } from '@ringdown/core';
import { tokenFromHeaders } from '@ringdown/auth';
import { clientAddress, endWithResponse, type TrustedProxies, type UpgradeHandler } from '@ringdown/http';
import { WsTransport } from '../adapters/ws-transport';
import { fingerprintOf, type Access } from '../core/access';
import { closeLabel } from '../adapters/prom-metrics';
import type { Dialect } from '../core/dialect';
import type { Gateway, Identity } from '../core/gateway';
import type { GatewayMetrics } from '../core/metrics';
import type { SessionRegistry, Slot } from '../core/session-registry';

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

/** How long a token given at the upgrade may take to be checked. */
const AUTHENTICATION_TIMEOUT_MS = 10_000;
/** After it a connection whose peer does not finish the closing handshake is destroyed. */
const CLOSE_TIMEOUT_MS = 2_000;

/**
 * From an HTTP upgrade to a session. Refusals are HTTP answers before the upgrade: 503 while draining or not started,
 * 404 for a path nobody serves, 429 over a connection limit, 403 for a token in the headers that is not accepted.
 * An offered subprotocol is accepted without selecting one; a handshake that is not one gets `ws`'s own 400.
 */
export function createUpgradeAcceptor(options: AcceptUpgradeOptions): UpgradeHandler {
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: options.maxMessageBytes,
    closeTimeout: CLOSE_TIMEOUT_MS,
    handleProtocols: () => false,
  } as ConstructorParameters<typeof WebSocketServer>[0]);

  return (request, connection, head) => {
    connection.on('error', () => connection.destroy());
    void accept(request, connection, head).catch((error: unknown) => {
      options.logger.error('upgrade failed', { error: messageOf(error) });
      connection.destroy();
    });
  };

  async function accept(request: IncomingMessage, connection: Duplex, head: Buffer): Promise<void> {
    const { gateway, registry } = options;
    const dialect = options.dialectAt(pathOf(request));
    if (dialect === undefined) return refuse(connection, 404, 'no WebSocket is served at this path');
    if (!gateway.accepting) return refuse(connection, 503, 'not accepting connections');
    const address = clientAddress(request, options.trustedProxies);
    const slot = registry.takeSlot(address);
    if (slot === undefined) return refuse(connection, 429, 'too many connections from this address');
    connection.once('close', () => slot.release());

    let identity: Identity | undefined;
    try {
      identity = await identityOf(request);
    } catch (error) {
      const unavailable = isAppError(error) && error.code !== 'unauthorized';
      return refuse(
        connection,
        unavailable ? 503 : 403,
        unavailable ? messageOf(error) : 'token not accepted',
      );
    }
    if (connection.destroyed) return slot.release();
    if (!gateway.accepting) return refuse(connection, 503, 'not accepting connections');
    if (identity !== undefined && !registry.hasRoomFor(identity.principal)) {
      return refuse(connection, 429, 'too many connections of this principal');
    }
    const peer = (connection as Socket).remoteAddress ?? 'unknown';
    const peerPort = (connection as Socket).remotePort ?? 0;
    server.handleUpgrade(request, connection, head, (socket) => {
      const remote = { address, peerAddress: peer.replace(/^::ffff:/, ''), peerPort };
      open(socket, connection, dialect, remote, identity, slot);
    });
  }

  function open(
    socket: WebSocket,
    connection: Duplex,
    dialect: Dialect,
    remote: { readonly address: string; readonly peerAddress: string; readonly peerPort: number },
    identity: Identity | undefined,
    slot: Slot,
  ): void {
    const session = options.gateway.open(dialect, new WsTransport(socket, connection), remote, identity);
    socket.on('message', (data, isBinary) => session.receive(data as Buffer, isBinary));
    socket.on('pong', () => (session.alive = true));
    socket.on('ping', () => (session.alive = true));
    // `ws` closes by itself after a protocol error, with its own code; the event must only not go unheard.
    socket.on('error', (error) => options.logger.debug('socket error', { error: error.message }));
    socket.on('close', (code) => {
      slot.release();
      const ours = session.closeReason;
      options.metrics.socketClosed(ours?.code ?? code, closeLabel(code, ours?.name));
      session.onDisconnected();
    });
  }

  async function identityOf(request: IncomingMessage): Promise<Identity | undefined> {
    const token = tokenOf(request);
    if (token === undefined) return undefined;
    const { revision } = options.access;
    const principal = await withDeadline(
      options.access.authenticate(token),
      AUTHENTICATION_TIMEOUT_MS,
      'authentication',
    );
    if (principal.expiresAtMs !== undefined && principal.expiresAtMs <= Date.now()) {
      throw new AppError('unauthorized', 'token expired');
    }
    return { principal, tokenFingerprint: fingerprintOf(token), revision };
  }

  function refuse(connection: Duplex, status: number, message: string): void {
    options.metrics.upgradeRefused(status);
    endWithResponse(connection, status, { status: 'error', error: String(status), message });
  }
}

/** Browsers repeat a page's Basic credentials at its sockets; those are a proxy's business, not a token. */
function tokenOf({ headers }: IncomingMessage): string | undefined {
  if (/^basic\s/i.test(headers.authorization ?? '')) {
    return tokenFromHeaders({ ...headers, authorization: undefined });
  }
  return tokenFromHeaders(headers);
}

function pathOf(request: IncomingMessage): string {
  const url = request.url ?? '/';
  const end = url.search(/[?#]/);
  return end < 0 ? url : url.slice(0, end);
}
