import {
  memoised,
  messageOf,
  pause,
  withDeadline,
  type Clock,
  type Lifecycle,
  type Logger,
} from '@ringdown/core';
import { newSocketId } from '@ringdown/contracts';
import type { Access, Identity } from './access';
import type { AccessGuard } from './access-guard';
import type { BrokerBindings } from './broker-bindings';
import { closeReasons } from './close-codes';
import type { DeadlineWheel, WheelEntry } from './deadline-wheel';
import type { Dialect } from './dialect';
import type { EventDispatcher } from './event-dispatcher';
import type { GatewayMetrics } from './metrics';
import { Session, type Remote, type SessionEvents, type SessionLimits } from './session';
import type { SessionRegistry } from './session-registry';
import type { SubscriptionService } from './subscriptions';
import type { Transport } from './transport';
import type { Admission, UpgradeRequest } from './upgrade';
import type { WriteScheduler } from './write-scheduler';

export interface GatewaySettings {
  /** First eight characters of every socket id: leads back to this instance. */
  readonly instanceTag: string;
  readonly limits: SessionLimits;
  readonly unauthenticatedTimeoutMs: number;
  readonly heartbeatIntervalMs: number;
  readonly drainWindowMs: number;
}

export interface GatewayParts {
  readonly access: Access;
  readonly guard: AccessGuard;
  readonly registry: SessionRegistry;
  readonly subscriptions: SubscriptionService;
  readonly bindings: BrokerBindings;
  readonly dispatcher: EventDispatcher;
  readonly scheduler: WriteScheduler;
  readonly wheel: DeadlineWheel;
  readonly metrics: GatewayMetrics;
  readonly clock: Clock;
  readonly logger: Logger;
}

interface Timers {
  heartbeat: WheelEntry | undefined;
  /** Of the answer to the last ping, where the dialect does not wait for the next. */
  pong: WheelEntry | undefined;
  /** Of the authentication, or of the time to authenticate in. */
  expiry: WheelEntry | undefined;
}

/** The pace of a drain: few sockets are through quickly, many are spread over the whole window. */
const DRAIN_STEP_MS = 50;
/** Closing handshakes are given up by the transport after two seconds. */
const CLOSING_TIMEOUT_MS = 2_500;

/**
 * The life of all sockets of this process: opening, heartbeat, expiry, ending, and the paced end of everything.
 * Refuses to open before `start` and after `beginDrain`.
 */
export class Gateway implements Lifecycle, SessionEvents {
  readonly start = memoised(() => this.run());
  readonly stop = memoised(() => this.drain());
  private readonly timers = new Map<Session, Timers>();
  /** Also those whose session has ended while the closing handshake is under way. */
  private readonly connections = new Set<Session>();
  private whenDisconnected: (() => void) | undefined;
  private state: 'new' | 'running' | 'draining' | 'stopped' = 'new';

  constructor(
    private readonly settings: GatewaySettings,
    private readonly parts: GatewayParts,
  ) {}

  get accepting(): boolean {
    return this.state === 'running';
  }

  /** Refuses new sockets and tells the open ones; they go on working until `stop` closes them. */
  beginDrain(): void {
    if (this.state === 'draining' || this.state === 'stopped') return;
    this.state = 'draining';
    for (const session of this.parts.registry.all()) {
      const notice = session.dialect.renderDraining(this.settings.drainWindowMs);
      if (notice !== undefined) session.send(notice);
    }
  }

  /** A session that may not stay (draining, too many of its principal) is closed at once with the reason. */
  open(
    dialect: Dialect,
    transport: Transport,
    remote: Remote,
    request: UpgradeRequest,
    admission: Admission,
  ): Session {
    const { registry, wheel, clock, logger, scheduler } = this.parts;
    const session = new Session({
      id: newSocketId(this.settings.instanceTag),
      dialect,
      remote,
      connectedAtMs: clock(),
      transport,
      scheduler,
      limits: this.settings.limits,
      events: this,
      logger,
    });
    registry.add(session);
    this.connections.add(session);
    this.timers.set(session, {
      heartbeat: undefined,
      pong: undefined,
      expiry: wheel.after(this.settings.unauthenticatedTimeoutMs, () =>
        session.close(closeReasons.unauthenticated),
      ),
    });
    // The first beat at a random moment, so that the beats of many sockets opened together do not come together.
    this.scheduleHeartbeat(session, Math.random() * this.settings.heartbeatIntervalMs);
    if (!this.accepting) session.close(closeReasons.shutdown);
    else if (admission.identity !== undefined) this.identify(session, admission.identity);
    if (session.isOpen) session.begin(request, admission);
    return session;
  }

  onIdentified(session: Session): void {
    const timers = this.timers.get(session);
    if (timers === undefined) return;
    timers.expiry?.cancel();
    const expiresAtMs = session.principal?.expiresAtMs;
    timers.expiry =
      expiresAtMs === undefined
        ? undefined
        : this.parts.wheel.at(expiresAtMs, () => session.close(closeReasons.expired));
  }

  onEnded(session: Session): void {
    const timers = this.timers.get(session);
    timers?.heartbeat?.cancel();
    timers?.pong?.cancel();
    timers?.expiry?.cancel();
    this.timers.delete(session);
    this.parts.subscriptions.release(session);
    this.parts.registry.remove(session);
  }

  onTooSlow(session: Session): void {
    this.parts.metrics.slowClose();
    this.parts.logger.info('socket too slow', {
      session: session.id,
      account_id: session.principal?.accountId,
      queued_bytes: session.queuedBytes,
    });
  }

  onWithheld(): void {
    this.parts.metrics.deliveryWithheld('authorization_check');
  }

  onDisconnected(session: Session): void {
    this.connections.delete(session);
    if (this.connections.size === 0) this.whenDisconnected?.();
  }

  private disconnected(): Promise<void> {
    if (this.connections.size === 0) return Promise.resolve();
    return new Promise((resolve) => (this.whenDisconnected = resolve));
  }

  private run(): Promise<void> {
    this.parts.wheel.start();
    this.parts.guard.start();
    if (this.state === 'new') this.state = 'running';
    return Promise.resolve();
  }

  private identify(session: Session, identity: Identity): void {
    const { registry, access, guard } = this.parts;
    if (!registry.identify(session, identity.principal)) {
      session.close(closeReasons.limit);
      return;
    }
    session.tokenFingerprint = identity.tokenFingerprint;
    this.onIdentified(session);
    if (access.revision !== identity.revision) guard.recheck(session);
  }

  private scheduleHeartbeat(session: Session, delayMs: number): void {
    const timers = this.timers.get(session);
    if (timers === undefined) return;
    timers.heartbeat = this.parts.wheel.after(delayMs, () => {
      if (this.terminateIfDead(session)) return;
      session.alive = false;
      session.ping();
      const { pongWithinMs } = session.dialect;
      if (pongWithinMs !== undefined) {
        timers.pong = this.parts.wheel.after(pongWithinMs, () => void this.terminateIfDead(session));
      }
      this.scheduleHeartbeat(session, this.settings.heartbeatIntervalMs);
    });
  }

  private terminateIfDead(session: Session): boolean {
    if (session.alive || session.isPaused) return false;
    this.parts.logger.debug('peer does not answer', { session: session.id });
    session.terminate();
    return true;
  }

  /** Closes all sockets over the drain window, waits for what was accepted, then takes the bindings off the broker. */
  private async drain(): Promise<void> {
    this.beginDrain();
    const { bindings, dispatcher, guard, registry, wheel, logger } = this.parts;
    guard.stop();
    const sessions = [...registry.all()];
    const steps = Math.max(1, Math.floor(this.settings.drainWindowMs / DRAIN_STEP_MS));
    const perStep = Math.max(1, Math.ceil(sessions.length / steps));
    for (let start = 0; start < sessions.length; start += perStep) {
      if (start > 0) await pause(DRAIN_STEP_MS);
      for (const session of sessions.slice(start, start + perStep)) session.close(closeReasons.shutdown);
    }
    // Whoever was let in while the drain began.
    for (const session of [...registry.all()]) session.close(closeReasons.shutdown);
    await withDeadline(this.disconnected(), CLOSING_TIMEOUT_MS, 'closing handshakes').catch(() => undefined);
    await dispatcher.drained();
    await withDeadline(bindings.close(), 3_000, 'unbinding').catch((error: unknown) =>
      logger.warn('bindings left to the end of the queue', { error: messageOf(error) }),
    );
    wheel.stop();
    this.state = 'stopped';
  }
}
