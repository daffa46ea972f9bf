import 'reflect-metadata';
import {
  container as root,
  instanceCachingFactory,
  type DependencyContainer,
  type InjectionToken,
} from 'tsyringe';
import { systemClock, type Logger } from '@ringdown/core';
import {
  CredentialAuthenticator,
  TokenCodec,
  createPrincipalDirectory,
  type PrincipalDirectory,
} from '@ringdown/auth';
import type { Broker } from '@ringdown/broker';
import type { Settings } from '@ringdown/config';
import { decodeEvent, instanceTagOf, parseBinding } from '@ringdown/contracts';
import { HttpListener, createApp, hubErrorBody, opsRoutes, parseTrustedProxies } from '@ringdown/http';
import type { Registry } from 'prom-client';
import { visitorsOf } from './adapters/describe-visitor';
import { createPromMetrics } from './adapters/prom-metrics';
import { registrySnapshots } from './adapters/registry-snapshots';
import { chatPluginPaths, visitorPolicy } from './chatplugin/visitor-policy';
import { Visitors } from './chatplugin/visitors';
import { Access, withGuests } from './core/access';
import { AccessGuard } from './core/access-guard';
import { AccessWatch } from './core/access-watch';
import { AccountSnapshots } from './core/account-snapshots';
import { BrokerBindings } from './core/broker-bindings';
import { DeadlineWheel } from './core/deadline-wheel';
import type { Dialect } from './core/dialect';
import { EventDispatcher } from './core/event-dispatcher';
import { EventFeed } from './core/event-feed';
import { Gateway } from './core/gateway';
import { SessionRegistry } from './core/session-registry';
import { SnapshotService } from './core/snapshots';
import { SubscriptionTable } from './core/subscription-table';
import { SubscriptionService } from './core/subscriptions';
import { Turns } from './core/turns';
import { WriteScheduler } from './core/write-scheduler';
import { createUpgradeAcceptor } from './handlers/accept-upgrade';
import { HubDialect } from './hub/hub-dialect';
import { hubPaths } from './hub/hub-paths';
import { notAHandshake } from './hub/refusal';
import { KazooDialect } from './kazoo/kazoo-dialect';
import { blackholeReadiness } from './readiness';
import { agentPolicy, stompPaths } from './stomp/agent-policy';
import { createPayloads } from './stomp/payloads';
import type { StompPolicy } from './stomp/policy';
import { notAHandshake as notAStompHandshake } from './stomp/refusal';
import { StompDialect } from './stomp/stomp-dialect';
import { tokens } from './tokens';

/** What a blackhole is built from besides its settings. */
export interface BlackholePorts {
  readonly brokerFactory: (service: string) => Broker;
  readonly logger: Logger;
  /** Default: the one that asks object-producer. */
  readonly directory?: PrincipalDirectory;
  /** Shown at `/metrics` beside this service's own. */
  readonly extraMetrics?: () => readonly Registry[];
}

const BIND_TIMEOUT_MS = 10_000;
const SNAPSHOT_TIMEOUT_MS = 5_000;
/** Snapshots being made for sockets of this instance; a wave of clients that reconnect waits in line. */
const SNAPSHOTS_AT_ONCE = 32;
const SNAPSHOT_TURN_TIMEOUT_MS = 15_000;
const MAX_HELD_EVENTS = 10_000;
/** Half of the second within which a revocation must take effect. */
const CHECK_PATIENCE_MS = 500;

/** The composition root; everything once per blackhole, top to bottom in the order of need. */
export function buildContainer(settings: Settings, ports: BlackholePorts): DependencyContainer {
  const container = root.createChildContainer();
  const logger = ports.logger.child({ service: 'blackhole' });
  const clock = systemClock;
  const provide = <T>(token: InjectionToken<T>, make: (c: DependencyContainer) => T): void => {
    container.register(token, { useFactory: instanceCachingFactory(() => make(container)) });
  };

  provide(tokens.metrics, () => createPromMetrics());
  provide(tokens.broker, () => ports.brokerFactory('blackhole'));
  provide(
    tokens.directory,
    (c) =>
      ports.directory ??
      createPrincipalDirectory({
        broker: c.resolve(tokens.broker),
        tokens: new TokenCodec(settings.authSecrets ?? []),
        logger,
      }),
  );
  provide(tokens.watch, (c) => new AccessWatch(c.resolve(tokens.directory), CHECK_PATIENCE_MS));
  provide(
    tokens.visitors,
    (c) => new Visitors(c.resolve(tokens.directory), visitorsOf(c.resolve(tokens.broker))),
  );
  provide(tokens.accessDirectory, (c) => withGuests(c.resolve(tokens.directory), c.resolve(tokens.visitors)));
  provide(tokens.access, (c) => new Access(c.resolve(tokens.accessDirectory)));
  provide(
    tokens.registry,
    () =>
      new SessionRegistry({
        maxPerAddress: settings.wsMaxConnectionsPerIp,
        maxPerPrincipal: settings.wsMaxConnectionsPerPrincipal,
      }),
  );
  provide(tokens.table, () => new SubscriptionTable());
  provide(tokens.wheel, () => new DeadlineWheel());
  provide(tokens.scheduler, () => new WriteScheduler());
  provide(
    tokens.dispatcher,
    (c) =>
      new EventDispatcher({
        decode: decodeEvent,
        table: c.resolve(tokens.table),
        sessions: () => c.resolve(tokens.registry).all(),
        scheduler: c.resolve(tokens.scheduler),
        watch: c.resolve(tokens.watch),
        metrics: c.resolve(tokens.metrics),
        clock,
        logger,
        logEvents: settings.logEvents,
      }),
  );
  provide(
    tokens.feed,
    (c) => new EventFeed(c.resolve(tokens.broker), c.resolve(tokens.dispatcher), settings.wsFeedMaxLength),
  );
  provide(
    tokens.bindings,
    (c) =>
      new BrokerBindings(c.resolve(tokens.feed), {
        collapseIdsAbove: settings.wsCollapseIdsAbove,
        unbindDebounceMs: settings.wsUnbindDebounceMs,
        logger,
      }),
  );
  provide(
    tokens.subscriptions,
    (c) =>
      new SubscriptionService(
        c.resolve(tokens.access),
        c.resolve(tokens.registry),
        c.resolve(tokens.table),
        c.resolve(tokens.bindings),
        { maxSubscriptions: settings.wsMaxSubscriptions, bindTimeoutMs: BIND_TIMEOUT_MS, clock, logger },
      ),
  );
  provide(
    tokens.accountSnapshots,
    (c) => new AccountSnapshots(registrySnapshots(c.resolve(tokens.broker), SNAPSHOT_TIMEOUT_MS)),
  );
  provide(
    tokens.snapshots,
    (c) =>
      new SnapshotService(
        c.resolve(tokens.subscriptions),
        c.resolve(tokens.table),
        c.resolve(tokens.accountSnapshots),
        new Turns(SNAPSHOTS_AT_ONCE, SNAPSHOT_TURN_TIMEOUT_MS),
        {
          // The answer and what was held go out in one turn; a socket that reads must survive that.
          hold: { maxEvents: MAX_HELD_EVENTS, maxBytes: settings.wsMaxQueuedBytes / 4 },
          maxSnapshotBytes: settings.wsMaxQueuedBytes / 2,
          after: (delayMs, run) => c.resolve(tokens.wheel).after(delayMs, run),
          metrics: c.resolve(tokens.metrics),
          clock,
          logger,
        },
      ),
  );
  provide(
    tokens.guard,
    (c) =>
      new AccessGuard(
        c.resolve(tokens.accessDirectory),
        c.resolve(tokens.registry),
        c.resolve(tokens.subscriptions),
        c.resolve(tokens.wheel),
        c.resolve(tokens.watch),
        { patienceMs: CHECK_PATIENCE_MS, logger },
      ),
  );
  provide(
    tokens.dialect,
    (c) =>
      new KazooDialect({
        access: c.resolve(tokens.access),
        subscriptions: c.resolve(tokens.subscriptions),
        snapshots: c.resolve(tokens.snapshots),
        parseBinding,
        metrics: c.resolve(tokens.metrics),
        clock,
        logger,
        logRequests: settings.logEvents,
      }),
  );
  const stompDialect = (c: DependencyContainer, policy: StompPolicy): StompDialect =>
    new StompDialect({
      access: c.resolve(tokens.access),
      subscriptions: c.resolve(tokens.subscriptions),
      policy,
      wheel: c.resolve(tokens.wheel),
      metrics: c.resolve(tokens.metrics),
      logger,
      heartBeatMs: settings.wsHeartbeatIntervalMs,
      connectTimeoutMs: settings.wsUnauthenticatedTimeoutMs,
      logRequests: settings.logEvents,
    });
  provide(tokens.chatPayloads, () =>
    createPayloads({ lowerCaseStates: settings.wsStompLowerCaseStates, clock }),
  );
  provide(tokens.stomp, (c) => {
    const access = c.resolve(tokens.access);
    const payloads = c.resolve(tokens.chatPayloads);
    const authenticate = (token: string) => access.authenticate(token);
    return stompDialect(c, agentPolicy({ authenticate, parseBinding, payloads }));
  });
  provide(tokens.chatPlugin, (c) =>
    stompDialect(
      c,
      visitorPolicy({
        visitors: c.resolve(tokens.visitors),
        access: c.resolve(tokens.access),
        subscriptions: c.resolve(tokens.subscriptions),
        parseBinding,
        renderMessage: c.resolve(tokens.chatPayloads).message,
        recheck: (session) => c.resolve(tokens.guard).recheck(session),
      }),
    ),
  );
  provide(
    tokens.hub,
    (c) =>
      new HubDialect({
        authenticator: new CredentialAuthenticator({
          broker: c.resolve(tokens.broker),
          directory: c.resolve(tokens.directory),
        }),
        access: c.resolve(tokens.access),
        subscriptions: c.resolve(tokens.subscriptions),
        isAvailable: () => c.resolve(tokens.broker).status().state === 'ready',
        tokenInQuery: settings.wsHubTokenInQuery,
        maxSubscriptions: settings.wsMaxSubscriptions,
        // Dead one and a half intervals after its last word.
        pongWithinMs: settings.wsHeartbeatIntervalMs / 2,
        metrics: c.resolve(tokens.metrics),
        clock,
        logger,
      }),
  );
  provide(
    tokens.dialectPaths,
    (c) =>
      new Map<string, Dialect>([
        ...stompPaths.map((path): [string, Dialect] => [path, c.resolve(tokens.stomp)]),
        ...chatPluginPaths.map((path): [string, Dialect] => [path, c.resolve(tokens.chatPlugin)]),
        ...hubPaths.map((path): [string, Dialect] => [path, c.resolve(tokens.hub)]),
      ]),
  );
  provide(
    tokens.gateway,
    (c) =>
      new Gateway(
        {
          instanceTag: instanceTagOf(c.resolve(tokens.broker).instance.slice(-8)),
          limits: {
            rate: { capacity: settings.wsRateCapacity, refillPerSecond: settings.wsRatePerSecond },
            maxQueuedBytes: settings.wsMaxQueuedBytes,
          },
          unauthenticatedTimeoutMs: settings.wsUnauthenticatedTimeoutMs,
          heartbeatIntervalMs: settings.wsHeartbeatIntervalMs,
          drainWindowMs: settings.wsDrainWindowMs,
        },
        {
          access: c.resolve(tokens.access),
          guard: c.resolve(tokens.guard),
          registry: c.resolve(tokens.registry),
          subscriptions: c.resolve(tokens.subscriptions),
          bindings: c.resolve(tokens.bindings),
          dispatcher: c.resolve(tokens.dispatcher),
          scheduler: c.resolve(tokens.scheduler),
          wheel: c.resolve(tokens.wheel),
          metrics: c.resolve(tokens.metrics),
          clock,
          logger,
        },
      ),
  );
  provide(tokens.acceptUpgrade, (c) => {
    const trustedProxies = parseTrustedProxies(settings.trustProxy);
    return (dialectAt) =>
      createUpgradeAcceptor({
        gateway: c.resolve(tokens.gateway),
        access: c.resolve(tokens.access),
        registry: c.resolve(tokens.registry),
        dialectAt,
        trustedProxies,
        maxMessageBytes: settings.wsMaxMessageBytes,
        metrics: c.resolve(tokens.metrics),
        logger,
      });
  });
  provide(tokens.listener, (c) => {
    const parts = {
      broker: c.resolve(tokens.broker),
      directory: c.resolve(tokens.directory),
      gateway: c.resolve(tokens.gateway),
    };
    const app = createApp();
    app.use(
      opsRoutes({
        readiness: () => blackholeReadiness(parts),
        metrics: () => [c.resolve(tokens.metrics).registry, ...(ports.extraMetrics?.() ?? [])],
      }),
    );
    app.get([...hubPaths], (request, response) => {
      const { status, body } = notAHandshake(request.path);
      response.status(status).json(body);
    });
    app.all([...stompPaths, ...chatPluginPaths], (request, response) => {
      const { status, body, headers = {} } = notAStompHandshake(request);
      response.status(status).set(headers).json(body);
    });
    app.use((_request, response) => {
      response
        .set('upgrade', 'websocket')
        .status(426)
        .json({ status: 'error', error: '426', message: 'this port serves WebSockets' });
    });
    const listener = new HttpListener({
      host: settings.host,
      port: settings.wsPort,
      portSetting: 'RINGDOWN_WS_PORT',
      app,
      logger,
      renderParseError: (status, message) => ({
        status: 'error',
        error: String(status),
        ...hubErrorBody(status, message, { error: 'bad_request', path: '' }),
      }),
    });
    // Here every path that is not another dialect's is Kazoo's.
    const paths = c.resolve(tokens.dialectPaths);
    listener.onUpgrade(
      c.resolve(tokens.acceptUpgrade)((path) => paths.get(path) ?? c.resolve(tokens.dialect)),
    );
    return listener;
  });
  return container;
}
