import { isAppError, messageOf, type Logger } from '@ringdown/core';
import { fingerprintOf, type Access } from '../core/access';
import type { DeadlineWheel, WheelEntry } from '../core/deadline-wheel';
import type { GatewayMetrics } from '../core/metrics';
import type { Session } from '../core/session';
import type { RequestScope, SubscriptionService } from '../core/subscriptions';
import { AckWindow } from './ack-window';
import { stompCloseReasons } from './close-reasons';
import { FrameDecoder, encodeFrame, stompVersions, type StompFrame, type StompVersion } from './codec';
import { HeartBeatTimer, agreeOnHeartBeat } from './heart-beat';
import type { StompPolicy } from './policy';
import { StompFault, unauthorized } from './stomp-fault';
import {
  ackModes,
  messageIdOf,
  stompVariant,
  subscriptionNameOf,
  type AckMode,
  type StompVariant,
} from './subscription';
import { Transactions } from './transactions';

export interface StompLimits {
  readonly connectTimeoutMs: number;
  readonly maxFrameBytesBeforeConnect: number;
  readonly maxFrameBytes: number;
  readonly maxHeaders: number;
  readonly maxLineBytes: number;
  readonly maxSubscriptions: number;
  /** Messages of one subscription that may wait to be acknowledged. */
  readonly maxUnacknowledged: number;
}

export interface StompConnectionOptions {
  readonly access: Access;
  readonly subscriptions: SubscriptionService;
  readonly policy: StompPolicy;
  readonly wheel: Pick<DeadlineWheel, 'after'>;
  readonly metrics: GatewayMetrics;
  readonly logger: Logger;
  readonly limits: StompLimits;
  /** What this side can do and wants, in both directions. */
  readonly heartBeatMs: number;
  /** Begins every message id. */
  readonly messageIdPrefix: string;
  /** A log line per frame that asks for something. */
  readonly logRequests: boolean;
}

interface StompSubscription {
  readonly variant: StompVariant;
  /** Undefined: mode `auto`. */
  readonly window: AckWindow | undefined;
}

interface Acknowledgement {
  readonly window: AckWindow;
  readonly ackId: string;
}

type Command = (frame: StompFrame) => Promise<void> | void;

/**
 * One STOMP connection: what was agreed on, what is subscribed, what waits to be acknowledged. A frame is done with before
 * the next is looked at, so a RECEIPT says that everything up to it took effect. Whatever is wrong ends the connection
 * with an ERROR frame; STOMP knows no error that does not.
 */
export class StompConnection {
  private readonly decoder: FrameDecoder;
  private version: StompVersion | undefined;
  private account: string | undefined;
  private readonly subscribed = new Map<string, StompSubscription>();
  private readonly transactions = new Transactions<Acknowledgement>();
  private heartBeat: HeartBeatTimer | undefined;
  private readonly connectTimer: WheelEntry;
  private readonly commands: ReadonlyMap<string, Command>;

  constructor(
    private readonly session: Session,
    private readonly options: StompConnectionOptions,
  ) {
    const { limits, wheel } = options;
    this.decoder = new FrameDecoder({
      limits: { ...limits, maxFrameBytes: limits.maxFrameBytesBeforeConnect },
    });
    this.connectTimer = wheel.after(limits.connectTimeoutMs, () =>
      this.fail(new StompFault('no CONNECT frame in time'), undefined),
    );
    this.commands = new Map<string, Command>([
      ['SUBSCRIBE', (frame) => this.subscribe(frame)],
      ['UNSUBSCRIBE', (frame) => this.unsubscribe(frame)],
      ['ACK', (frame) => this.acknowledge(frame)],
      ['NACK', (frame) => this.acknowledge(frame)],
      ['BEGIN', (frame) => this.transactions.begin(required(frame, 'transaction'))],
      ['COMMIT', (frame) => this.commit(frame)],
      ['ABORT', (frame) => this.transactions.abort(required(frame, 'transaction'))],
      ['SEND', (frame) => this.refuseSend(frame)],
    ]);
  }

  /** Takes bytes however they are cut, and acts on every frame that is complete. */
  async receive(data: Buffer): Promise<void> {
    this.decoder.push(data);
    while (this.session.isOpen) {
      const decoded = this.decoder.next();
      if (decoded === undefined) return;
      if (!decoded.ok) {
        const { text, tooLarge, receipt } = decoded.fault;
        const reason = tooLarge ? stompCloseReasons.frameTooLarge : stompCloseReasons.protocolError;
        this.fail(new StompFault(text, { reason }), receipt);
        return;
      }
      const { frame } = decoded;
      try {
        await this.act(frame);
      } catch (error) {
        this.fail(error, frame.headers.get('receipt'));
      }
    }
  }

  /** An ERROR frame as this client reads it. */
  errorFrame(message: string, receipt?: string, details: StompFault['details'] = {}): string {
    const headers: (readonly [string, string])[] = [['message', message]];
    if (receipt !== undefined) headers.push(['receipt-id', receipt]);
    if (details.headers !== undefined) headers.push(...details.headers);
    if (details.body !== undefined) headers.push(['content-type', 'text/plain']);
    return encodeFrame(this.version ?? '1.0', 'ERROR', headers, details.body);
  }

  dispose(): void {
    this.connectTimer.cancel();
    this.heartBeat?.stop();
    this.transactions.abortAll();
    this.subscribed.clear();
  }

  private async act(frame: StompFrame): Promise<void> {
    const { command } = frame;
    const isConnect = command === 'CONNECT' || command === 'STOMP';
    this.options.metrics.requestReceived(`STOMP ${command}`);
    if (this.version === undefined) {
      if (!isConnect) throw new StompFault('the first frame must be CONNECT');
      await this.connect(frame);
      return;
    }
    if (isConnect) throw new StompFault('already connected');
    if (command === 'DISCONNECT') {
      this.disconnect(frame);
      return;
    }
    if (command === 'NACK' && this.version === '1.0') throw new StompFault('unknown command');
    this.charge(command);
    await this.commands.get(command)!(frame);
    if (this.session.isOpen) this.confirm(frame);
  }

  /** An acknowledgement answers a message, so a client may send as many as it gets. */
  private charge(command: string): void {
    if (command === 'ACK' || command === 'NACK' || this.session.takeRate()) return;
    throw new StompFault('rate limit exceeded');
  }

  private async connect({ command, headers }: StompFrame): Promise<void> {
    if (!this.session.takeRate()) throw new StompFault('rate limit exceeded');
    const version = chooseVersion(command, headers.get('accept-version'));
    // 1.0 has no heart-beats, whatever a client writes.
    const beats = version === '1.0' ? undefined : headers.get('heart-beat');
    const agreed = agreeOnHeartBeat(beats, this.options.heartBeatMs);
    await this.authenticate(tokenIn(headers));
    await this.options.policy.onConnect?.(this.session);
    if (!this.session.isOpen) return;
    const { principal } = this.session;
    this.account = emptyToUndefined(headers.get('account_id'));
    this.connectTimer.cancel();
    this.version = version;
    this.decoder.version = version;
    this.decoder.limits = this.options.limits;
    const { heartBeatMs } = this.options;
    this.session.send(
      encodeFrame(version, 'CONNECTED', [
        ['version', version],
        ['session', this.session.id],
        ['server', 'ringdown'],
        ['heart-beat', `${heartBeatMs},${heartBeatMs}`],
        ['user-name', principal?.userId ?? principal?.accountId ?? ''],
      ]),
    );
    this.heartBeat = new HeartBeatTimer(agreed, this.options.wheel, {
      heard: () => {
        // Nothing is read from a client that is made to wait, so its silence means nothing.
        const heard = this.session.heard || this.session.isPaused;
        this.session.heard = false;
        return heard;
      },
      beat: () => this.session.send('\n'),
      onLost: () => {
        this.fail(new StompFault('heart-beat lost', { reason: stompCloseReasons.heartBeatLost }), undefined);
      },
    });
  }

  /** The token of the frame counts more than that of the handshake. */
  private async authenticate(token: string | undefined): Promise<void> {
    const { access, policy, subscriptions } = this.options;
    const { revision } = access;
    if (token === undefined) {
      if (this.session.principal === undefined) throw unauthorized();
      return;
    }
    const principal = await policy.authenticate(token);
    const update = { principal, tokenFingerprint: fingerprintOf(token) };
    await subscriptions.apply(this.session, { principal, revision, update });
  }

  private async subscribe({ headers }: StompFrame): Promise<void> {
    const version = this.version!;
    const text = headers.get('destination');
    if (text === undefined) throw missing('destination');
    const subscriptionId = headers.get('id');
    if (subscriptionId === undefined && version !== '1.0') throw missing('id');
    if (headers.has('selector')) throw new StompFault('selectors are not supported');
    const ackMode = ackModeOf(headers.get('ack'), version);
    const name = subscriptionNameOf(subscriptionId, text);
    if (this.subscribed.has(name)) throw new StompFault('already subscribed with this id');
    const { limits, policy, subscriptions, access } = this.options;
    if (this.subscribed.size >= limits.maxSubscriptions) throw new StompFault('too many subscriptions');
    const principal = this.session.principal!;
    const destination = policy.destination(text, principal);
    const variant = stompVariant({ version, destination, subscriptionId, ackMode });
    const window = this.windowFor(variant);
    const scope: RequestScope = { principal, revision: access.revision, update: {} };
    const account = emptyToUndefined(headers.get('account_id')) ?? this.account;
    await subscriptions.subscribe(this.session, scope, [destination.binding], account, {
      variant,
      ...(window === undefined ? {} : { filter: () => window }),
    });
    this.subscribed.set(name, { variant, window });
    if (!this.options.logRequests) return;
    this.options.logger.info('socket request', {
      session: this.session.id,
      account_id: this.session.principal?.accountId,
      action: 'SUBSCRIBE',
      destination: text,
    });
  }

  private windowFor(variant: StompVariant): AckWindow | undefined {
    if (variant.ackMode === 'auto') return undefined;
    const { maxUnacknowledged } = this.options.limits;
    const reason = stompCloseReasons.tooManyUnacknowledged;
    return new AckWindow(
      variant.ackMode,
      maxUnacknowledged,
      (sequence) => messageIdOf(this.options.messageIdPrefix, sequence, variant),
      () => this.fail(new StompFault(reason.text, { reason }), undefined),
    );
  }

  private unsubscribe({ headers }: StompFrame): void {
    const id = headers.get('id');
    const destination = headers.get('destination');
    if (id === undefined && (this.version !== '1.0' || destination === undefined)) throw missing('id');
    const name = subscriptionNameOf(id, destination ?? '');
    const found = this.subscribed.get(name);
    if (found === undefined) throw new StompFault('not subscribed');
    this.subscribed.delete(name);
    this.options.subscriptions.drop(this.session, ({ variant }) => variant === found.variant);
  }

  private acknowledge(frame: StompFrame): void {
    const acknowledgement = this.find(frame);
    const transaction = frame.headers.get('transaction');
    if (transaction !== undefined) this.transactions.hold(transaction, acknowledgement);
    else this.settle(acknowledgement);
  }

  /** The message meant: by `id` in 1.2, by `message-id` before, with its subscription in 1.1. */
  private find(frame: StompFrame): Acknowledgement {
    const ackId = required(frame, this.version === '1.2' ? 'id' : 'message-id');
    if (this.version === '1.1') {
      const subscription = required(frame, 'subscription');
      const window = this.subscribed.get(subscriptionNameOf(subscription, ''))?.window;
      if (window?.has(ackId) === true) return { window, ackId };
      throw unknownMessage();
    }
    for (const { window } of this.subscribed.values()) {
      if (window?.has(ackId) === true) return { window, ackId };
    }
    throw unknownMessage();
  }

  private settle({ window, ackId }: Acknowledgement): void {
    if (!window.settle(ackId)) throw unknownMessage();
  }

  private commit(frame: StompFrame): void {
    for (const held of this.transactions.commit(required(frame, 'transaction'))) this.settle(held);
  }

  private refuseSend(frame: StompFrame): void {
    required(frame, 'destination');
    throw new StompFault('SEND is not allowed: events come from their producers');
  }

  private disconnect(frame: StompFrame): void {
    this.confirm(frame);
    this.session.close(stompCloseReasons.disconnected);
  }

  private confirm({ headers }: StompFrame): void {
    const receipt = headers.get('receipt');
    if (receipt !== undefined) {
      this.session.send(encodeFrame(this.version!, 'RECEIPT', [['receipt-id', receipt]]));
    }
  }

  private fail(error: unknown, receipt: string | undefined): void {
    if (!this.session.isOpen) return;
    const fault = this.faultOf(error);
    this.options.metrics.requestFailed(fault.reason.name);
    this.session.send(this.errorFrame(fault.message, receipt, fault.details));
    this.session.close(fault.reason);
  }

  private faultOf(error: unknown): StompFault {
    if (error instanceof StompFault) return error;
    if (isAppError(error) && error.code === 'unauthorized') return unauthorized();
    if (isAppError(error) && error.code !== 'internal') return new StompFault(error.message);
    this.options.logger.error('STOMP frame failed', { session: this.session.id, error: messageOf(error) });
    return new StompFault('internal error');
  }
}

function chooseVersion(command: string, accepted: string | undefined): StompVersion {
  if (accepted === undefined) {
    if (command === 'STOMP') throw missing('accept-version');
    return '1.0';
  }
  const theirs = new Set(accepted.split(',').map((version) => version.trim()));
  const chosen = stompVersions.find((version) => theirs.has(version));
  if (chosen !== undefined) return chosen;
  const ours = [...stompVersions].reverse();
  throw new StompFault('no common version', {
    headers: [['version', ours.join(',')]],
    body: `Supported protocol versions are ${ours.join(' ')}\n`,
  });
}

function ackModeOf(given: string | undefined, version: StompVersion): AckMode {
  const mode = given === undefined ? 'auto' : ackModes.find((known) => known === given);
  if (mode === undefined || (mode === 'client-individual' && version === '1.0')) {
    throw new StompFault('unknown ack mode');
  }
  return mode;
}

/** `Authorization` in any case, with or without `Bearer`. */
function tokenIn(headers: StompFrame['headers']): string | undefined {
  for (const [name, value] of headers) {
    if (name.toLowerCase() !== 'authorization') continue;
    return emptyToUndefined(value.trim().replace(/^bearer\s+/i, ''));
  }
  return undefined;
}

function emptyToUndefined(value: string | undefined): string | undefined {
  return value === '' ? undefined : value;
}

function required({ headers }: StompFrame, name: string): string {
  const value = headers.get(name);
  if (value === undefined) throw missing(name);
  return value;
}

function missing(name: string): StompFault {
  return new StompFault(`missing header ${name}`);
}

function unknownMessage(): StompFault {
  return new StompFault('no such message waits to be acknowledged');
}
