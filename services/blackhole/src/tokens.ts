import type { InjectionToken } from 'tsyringe';
import type { PrincipalDirectory } from '@ringdown/auth';
import type { Broker } from '@ringdown/broker';
import type { HttpListener, UpgradeHandler } from '@ringdown/http';
import type { PromMetrics } from './adapters/prom-metrics';
import type { Visitors } from './chatplugin/visitors';
import type { AccountSnapshots } from './core/account-snapshots';
import type { Access, AccessDirectory } from './core/access';
import type { AccessGuard } from './core/access-guard';
import type { AccessWatch } from './core/access-watch';
import type { BrokerBindings } from './core/broker-bindings';
import type { DeadlineWheel } from './core/deadline-wheel';
import type { Dialect } from './core/dialect';
import type { EventDispatcher } from './core/event-dispatcher';
import type { EventFeed } from './core/event-feed';
import type { Gateway } from './core/gateway';
import type { Session } from './core/session';
import type { SessionRegistry } from './core/session-registry';
import type { SnapshotService } from './core/snapshots';
import type { SubscriptionTable } from './core/subscription-table';
import type { SubscriptionService } from './core/subscriptions';
import type { WriteScheduler } from './core/write-scheduler';
import type { HubDialect } from './hub/hub-dialect';
import type { Payloads } from './stomp/payloads';
import type { StompDialect } from './stomp/stomp-dialect';

/** What a dialect is found by: the path of the upgrade. */
export type DialectRouter = (path: string) => Dialect | undefined;

/** Dialects with paths of their own; every other path is Kazoo's. */
export type DialectPaths = ReadonlyMap<string, Dialect>;

/** Makes the function that turns upgrades into sessions. */
export type UpgradeAcceptorFactory = (dialectAt: DialectRouter) => UpgradeHandler;

export const tokens = {
  broker: Symbol('broker') as InjectionToken<Broker>,
  directory: Symbol('directory') as InjectionToken<PrincipalDirectory>,
  metrics: Symbol('metrics') as InjectionToken<PromMetrics>,
  /** Visitors of chat plugins: guests beside whom the directory knows. */
  visitors: Symbol('visitors') as InjectionToken<Visitors>,
  accessDirectory: Symbol('accessDirectory') as InjectionToken<AccessDirectory>,
  access: Symbol('access') as InjectionToken<Access>,
  watch: Symbol('watch') as InjectionToken<AccessWatch>,
  registry: Symbol('registry') as InjectionToken<SessionRegistry>,
  table: Symbol('table') as InjectionToken<SubscriptionTable<Session>>,
  wheel: Symbol('wheel') as InjectionToken<DeadlineWheel>,
  scheduler: Symbol('scheduler') as InjectionToken<WriteScheduler>,
  feed: Symbol('feed') as InjectionToken<EventFeed>,
  bindings: Symbol('bindings') as InjectionToken<BrokerBindings>,
  subscriptions: Symbol('subscriptions') as InjectionToken<SubscriptionService>,
  accountSnapshots: Symbol('accountSnapshots') as InjectionToken<AccountSnapshots>,
  snapshots: Symbol('snapshots') as InjectionToken<SnapshotService>,
  /** Kazoo's. */
  dialect: Symbol('dialect') as InjectionToken<Dialect>,
  chatPayloads: Symbol('chatPayloads') as InjectionToken<Payloads>,
  stomp: Symbol('stomp') as InjectionToken<StompDialect>,
  chatPlugin: Symbol('chatPlugin') as InjectionToken<StompDialect>,
  dialectPaths: Symbol('dialectPaths') as InjectionToken<DialectPaths>,
  hub: Symbol('hub') as InjectionToken<HubDialect>,
  dispatcher: Symbol('dispatcher') as InjectionToken<EventDispatcher>,
  guard: Symbol('guard') as InjectionToken<AccessGuard>,
  gateway: Symbol('gateway') as InjectionToken<Gateway>,
  acceptUpgrade: Symbol('acceptUpgrade') as InjectionToken<UpgradeAcceptorFactory>,
  listener: Symbol('listener') as InjectionToken<HttpListener>,
} as const;
