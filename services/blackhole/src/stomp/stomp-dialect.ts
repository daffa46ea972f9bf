import { randomHex, type Logger } from '@ringdown/core';
import type { ClientBinding } from '@ringdown/contracts';
import type { Access } from '../core/access';
import type { CloseReason } from '../core/close-codes';
import type { DeadlineWheel } from '../core/deadline-wheel';
import type { Dialect, GapNotice, InboundMessage, RenderableEvent } from '../core/dialect';
import type { GatewayMetrics } from '../core/metrics';
import type { Session } from '../core/session';
import type { SubscriptionService } from '../core/subscriptions';
import {
  identityFromHeaders,
  type Admission,
  type Refusal,
  type RefusalAnswer,
  type UpgradeRequest,
} from '../core/upgrade';
import { closingText, stompCloseCodeOf, stompCloseReasons } from './close-reasons';
import { encodeFrame } from './codec';
import type { StompPolicy } from './policy';
import { stompRefusal } from './refusal';
import { StompConnection, type StompConnectionOptions, type StompLimits } from './stomp-connection';
import { messageIdOf, type StompVariant } from './subscription';

export interface StompDialectOptions {
  readonly access: Access;
  readonly subscriptions: SubscriptionService;
  readonly policy: StompPolicy;
  readonly wheel: Pick<DeadlineWheel, 'after'>;
  readonly metrics: GatewayMetrics;
  readonly logger: Logger;
  readonly heartBeatMs: number;
  /** At most ten seconds in any case. */
  readonly connectTimeoutMs: number;
  readonly logRequests?: boolean;
}

const subprotocols = ['v10.stomp', 'v11.stomp', 'v12.stomp'];

const limits: Omit<StompLimits, 'connectTimeoutMs'> = {
  maxFrameBytesBeforeConnect: 16 * 1024,
  maxFrameBytes: 256 * 1024,
  maxHeaders: 64,
  maxLineBytes: 8 * 1024,
  maxSubscriptions: 64,
  maxUnacknowledged: 1_000,
};
const MAX_CONNECT_TIMEOUT_MS = 10_000;
/** A frame of the largest size, and what a client may batch with it. */
const MAX_MESSAGE_BYTES = limits.maxFrameBytes + 16 * 1024;

/**
 * STOMP 1.0, 1.1 and 1.2 over WebSockets. The token comes with the handshake or in the CONNECT frame, a client may only
 * listen; whose token, and to what, the policy of the endpoint says.
 */
export class StompDialect implements Dialect {
  readonly name: string;
  readonly maxMessageBytes = MAX_MESSAGE_BYTES;
  readonly rate = 'by dialect';
  readonly closesOnGap = stompCloseReasons.eventsLost;
  private readonly connections = new WeakMap<Session, StompConnection>();
  private readonly connectionOptions: StompConnectionOptions;

  constructor(private readonly options: StompDialectOptions) {
    const { access, subscriptions, policy, wheel, metrics, logger, heartBeatMs } = options;
    this.name = policy.name;
    this.connectionOptions = {
      access,
      subscriptions,
      policy,
      wheel,
      metrics,
      logger,
      heartBeatMs,
      limits: { ...limits, connectTimeoutMs: Math.min(options.connectTimeoutMs, MAX_CONNECT_TIMEOUT_MS) },
      messageIdPrefix: randomHex(8),
      logRequests: options.logRequests ?? false,
    };
  }

  async admit({ headers, protocols }: UpgradeRequest): Promise<Admission> {
    const { access, policy } = this.options;
    return {
      identity: await identityFromHeaders(access, headers, (token) => policy.authenticate(token)),
      protocol: protocols.find((offered) => subprotocols.includes(offered)),
    };
  }

  renderRefusal(refusal: Refusal, request: UpgradeRequest): RefusalAnswer {
    return stompRefusal(refusal, request);
  }

  onOpen(session: Session): void {
    this.connections.set(session, new StompConnection(session, this.connectionOptions));
  }

  async onMessage(session: Session, { data }: InboundMessage): Promise<void> {
    await this.connections.get(session)?.receive(data);
  }

  onEnded(session: Session): void {
    this.connections.get(session)?.dispose();
    this.connections.delete(session);
  }

  renderEvent(
    event: RenderableEvent,
    _binding: ClientBinding,
    _accountId: string,
    variant: StompVariant,
  ): string {
    const { version, destination, subscriptionId, ackMode } = variant;
    const messageId = messageIdOf(this.connectionOptions.messageIdPrefix, event.sequence, variant);
    const headers: (readonly [string, string])[] = [
      ['destination', destination.text],
      ['message-id', messageId],
    ];
    if (subscriptionId !== undefined) headers.push(['subscription', subscriptionId]);
    if (version === '1.2' && ackMode !== 'auto') headers.push(['ack', messageId]);
    headers.push(['content-type', 'application/json']);
    return encodeFrame(version, 'MESSAGE', headers, destination.render(event));
  }

  /** Never asked for: a loss closes the connection. */
  renderGap({ reason }: GapNotice): string {
    return encodeFrame('1.0', 'ERROR', [['message', reason]]);
  }

  renderClosing(reason: CloseReason, session: Session): string | undefined {
    // The connection has said by itself why it closes.
    if (isToldAlready(reason)) return undefined;
    const text = closingText(reason);
    return (
      this.connections.get(session)?.errorFrame(text) ?? encodeFrame('1.0', 'ERROR', [['message', text]])
    );
  }

  closeCodeOf(reason: CloseReason): number {
    return stompCloseCodeOf(reason);
  }

  /** STOMP has no word for it. */
  renderDraining(): undefined {
    return undefined;
  }

  /** STOMP cannot end a subscription from this side, so the connection ends. */
  renderRemoved(session: Session): undefined {
    session.close(stompCloseReasons.accessLost);
    return undefined;
  }
}

function isToldAlready(reason: CloseReason): boolean {
  const { eventsLost, accessLost, ...told } = stompCloseReasons;
  return reason !== eventsLost && reason !== accessLost && Object.values<CloseReason>(told).includes(reason);
}
