import { credentialsOf, type CredentialAuthenticator } from '@ringdown/auth';
import { clientIdOf, type HubClientInfo } from '@ringdown/contracts';
import { AppError, isAppError, messageOf, withDeadline, type Clock, type Logger } from '@ringdown/core';
import { fingerprintOf, type Access, type Identity } from '../core/access';
import { closeReasons, type CloseReason } from '../core/close-codes';
import type { Dialect, GapNotice, InboundMessage, RenderableEvent } from '../core/dialect';
import type { GatewayMetrics } from '../core/metrics';
import type { Session } from '../core/session';
import type { SubscriptionService } from '../core/subscriptions';
import type { Admission, Refusal, RefusalAnswer, UpgradeRequest } from '../core/upgrade';
import { readClientMessage, type ClientMessage } from './client-message';
import { errorFrame, eventFrame, hubFrame, welcomeFrame } from './frames';
import { OncePerEvent } from './once-per-event';
import { hubRefusal } from './refusal';
import { readSubscribeQuery, type SubscribeQuery } from './subscribe-query';

export interface HubDialectOptions {
  readonly authenticator: CredentialAuthenticator;
  readonly access: Access;
  readonly subscriptions: SubscriptionService;
  /** Whether events can be had right now. */
  readonly isAvailable: () => boolean;
  readonly tokenInQuery: boolean;
  readonly maxSubscriptions: number;
  readonly pongWithinMs: number;
  readonly metrics: GatewayMetrics;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** What is known of one socket besides its subscriptions. */
interface HubClient {
  /** Event types in the order of subscription. */
  types: readonly string[];
  /** Whose events it gets. */
  readonly accountId: string;
}

const AUTHENTICATION_TIMEOUT_MS = 10_000;
const GLOBAL = 'global';

/** A client that comes back later, or with other credentials, finds these among the codes of the WebSocket standard. */
const closeCodes: Readonly<Record<string, number>> = {
  [closeReasons.expired.name]: 1008,
  [closeReasons.unauthenticated.name]: 1008,
  [closeReasons.revoked.name]: 1008,
  [closeReasons.closedByOperator.name]: 1008,
  [closeReasons.tooSlow.name]: 1013,
  [closeReasons.limit.name]: 1013,
};

const unavailable: CloseReason = {
  name: 'unavailable',
  code: 1013,
  text: 'events unavailable, try again',
  reconnect: 'later',
};

/**
 * The protocol of `/api/v1/ws/subscribe`: everything is said in the URL and the headers of the upgrade, a welcome tells
 * the client its id, events come in one envelope, and a few messages are answered. Subscriptions become less through REST
 * ({@link unsubscribe}) and never more.
 */
export class HubDialect implements Dialect {
  readonly name = 'hub';
  readonly pongWithinMs: number;
  private readonly queries = new WeakMap<UpgradeRequest, SubscribeQuery>();
  private readonly clients = new WeakMap<Session, HubClient>();
  private lastFrame: { readonly event: RenderableEvent; readonly text: string } | undefined;

  constructor(private readonly options: HubDialectOptions) {
    this.pongWithinMs = options.pongWithinMs;
  }

  /** Errors: `unauthorized`, `unavailable`, `validation_failed`, `forbidden`, in this order. */
  async admit(request: UpgradeRequest): Promise<Admission> {
    const identity = await this.identify(request);
    if (!this.options.isAvailable()) throw new AppError('unavailable', 'events are not available, try again');
    const query = readSubscribeQuery(request.query, this.options.maxSubscriptions);
    await this.options.access.resolveAccount(identity.principal, query.accountId);
    this.queries.set(request, query);
    return { identity };
  }

  renderRefusal(refusal: Refusal, request: UpgradeRequest): RefusalAnswer {
    return hubRefusal(refusal, request);
  }

  async onOpen(session: Session, request: UpgradeRequest, { identity }: Admission): Promise<void> {
    const query = this.queries.get(request);
    const { principal } = session;
    if (query === undefined || identity === undefined || principal === undefined) {
      throw new AppError('internal', 'a hub socket was opened without having been admitted');
    }
    const { types, accountId } = query;
    const client = { types: types.map(({ text }) => text), accountId: accountId ?? principal.accountId };
    this.clients.set(session, client);
    const bindings = types.flatMap(({ binding }) => (binding === undefined ? [] : [binding]));
    const once = new OncePerEvent();
    const welcome = (): void => session.send(this.welcome(session, client));
    try {
      await this.options.subscriptions.subscribe(
        session,
        { principal, revision: identity.revision, update: {} },
        bindings,
        accountId,
        // In the turn in which events begin to come, so that none can be before the welcome.
        { filter: () => once, stage: { prepare: () => Promise.resolve(), settle: welcome } },
      );
    } catch (error) {
      session.close(this.closingFor(error));
    }
  }

  onMessage(session: Session, message: InboundMessage): Promise<void> {
    const { metrics, clock } = this.options;
    if (!message.withinRate) {
      metrics.requestFailed('rate');
      session.send(errorFrame('rate limit exceeded', clock()));
      return Promise.resolve();
    }
    const answer = this.answerTo(readClientMessage(message), clientIdOf(session.id));
    if (answer !== undefined) session.send(answer);
    return Promise.resolve();
  }

  /** The same text for every binding and account, so that it is made once. */
  renderEvent(event: RenderableEvent): string {
    if (this.lastFrame?.event !== event) this.lastFrame = { event, text: eventFrame(event) };
    return this.lastFrame.text;
  }

  renderGap({ sinceMs, reason }: GapNotice): string {
    const body = { since: new Date(sinceMs).toISOString(), reason };
    return hubFrame({ event_type: GLOBAL, message: 'gap', body }, this.options.clock());
  }

  renderClosing(reason: CloseReason): string | undefined {
    if (reason === closeReasons.shutdown) return undefined;
    return errorFrame(reason.text, this.options.clock());
  }

  closeCodeOf(reason: CloseReason): number {
    return closeCodes[reason.name] ?? reason.code;
  }

  renderDraining(withinMs: number): string {
    const body = { within_ms: withinMs };
    return hubFrame({ event_type: GLOBAL, message: 'shutdown', body }, this.options.clock());
  }

  renderRemoved(session: Session, bindings: readonly string[]): string | undefined {
    const client = this.clients.get(session);
    if (client === undefined) return undefined;
    client.types = client.types.filter((type) => !bindings.includes(type));
    const body = { unsubscribed: bindings, subscriptions: client.types };
    return errorFrame('no longer authorized for the account', this.options.clock(), { body });
  }

  /** Undefined for a socket of another protocol, and for one whose opening is not through. */
  describe(session: Session): Omit<HubClientInfo, 'destination'> | undefined {
    const client = this.clients.get(session);
    const { principal } = session;
    if (client === undefined || principal === undefined) return undefined;
    return {
      client_id: clientIdOf(session.id),
      subscriptions: client.types,
      user_id: principal.userId ?? principal.accountId,
      account_id: client.accountId,
      connected_at: new Date(session.connectedAtMs).toISOString(),
      source: session.remote.address,
    };
  }

  /** Takes these types off the socket and says which it had; `global` stays. */
  unsubscribe(session: Session, types: readonly string[]): readonly string[] {
    const client = this.clients.get(session);
    if (client === undefined) return [];
    const removed = types.filter((type) => type !== GLOBAL && client.types.includes(type));
    client.types = client.types.filter((type) => !removed.includes(type));
    this.options.subscriptions.drop(session, ({ binding }) => removed.includes(binding.text));
    return removed;
  }

  private async identify(request: UpgradeRequest): Promise<Identity> {
    const { access, authenticator, clock } = this.options;
    const { revision } = access;
    const credentials = credentialsOf(request.headers, request.query, this.options);
    if (credentials === undefined) throw new AppError('unauthorized', 'no token and no API key found');
    const principal = await withDeadline(
      authenticator.authenticate(credentials, request.address),
      AUTHENTICATION_TIMEOUT_MS,
      'authentication',
    );
    if (principal.expiresAtMs !== undefined && principal.expiresAtMs <= clock()) {
      throw new AppError('unauthorized', 'token expired');
    }
    const secret = credentials.kind === 'token' ? credentials.token : credentials.key;
    return { principal, tokenFingerprint: fingerprintOf(secret), revision };
  }

  private welcome(session: Session, { types, accountId }: HubClient): string {
    const { principal } = session;
    const facts = {
      client_id: clientIdOf(session.id),
      subscriptions: types,
      user_id: principal?.userId ?? principal?.accountId ?? '',
      account_id: accountId,
    };
    return welcomeFrame(facts, this.options.clock());
  }

  private closingFor(error: unknown): CloseReason {
    if (isAppError(error) && (error.code === 'forbidden' || error.code === 'unauthorized')) {
      return closeReasons.revoked;
    }
    if (!isAppError(error) || error.code === 'internal') {
      this.options.logger.error('a hub socket could not be opened', { error: messageOf(error) });
    }
    return unavailable;
  }

  private answerTo(message: ClientMessage, clientId: string): string | undefined {
    const { metrics, clock } = this.options;
    const now = clock();
    if (message.kind === 'unreadable') {
      metrics.requestFailed('parse');
      return errorFrame(message.error, now);
    }
    const facts = { ref_id: message.refId, client_id: clientId };
    if (message.kind === 'unhandled') {
      metrics.requestFailed('unhandled');
      return errorFrame(`no handlers registered for type ${message.eventType}`, now, facts);
    }
    const { channel: event_type, verb } = message;
    switch (`${event_type} ${verb?.toLowerCase() ?? ''}`) {
      case 'health ping':
        metrics.requestReceived('ping');
        return hubFrame({ event_type, message: 'pong', ...facts }, now);
      case 'system client-id':
        metrics.requestReceived('client-id');
        return hubFrame({ event_type, message: 'client-id', body: { 'client-id': clientId }, ...facts }, now);
      case 'system ':
        metrics.requestFailed('parse');
        return hubFrame(
          { event_type, message: 'error', body: { error: 'message must be a text' }, ...facts },
          now,
        );
      default:
        return undefined;
    }
  }
}
