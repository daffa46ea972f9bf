import { AppError, isAppError, messageOf, type Clock, type Logger } from '@ringdown/core';
import type { Principal } from '@ringdown/auth';
import type { ClientBinding } from '@ringdown/contracts';
import { fingerprintOf, type Access } from '../core/access';
import type { CloseReason } from '../core/close-codes';
import type { Dialect, GapNotice, InboundMessage, RenderableEvent } from '../core/dialect';
import type { GatewayMetrics } from '../core/metrics';
import type { Session, SessionUpdate } from '../core/session';
import type { SnapshotService } from '../core/snapshots';
import {
  textsOf,
  type RequestScope,
  type SubscribeResult,
  type SubscriptionService,
} from '../core/subscriptions';
import { drainingFrame, errorNotice, errorReply, eventFrame, gapFrame, successReply } from './frames';
import { isObject, parseRequest, requestIdOfLimited, type KazooRequest } from './request';
import { ChannelTexts } from './channel-texts';
import { errorTexts, rateLimitText, tokenRefusedText, unknownActionText } from './texts';

export interface KazooDialectOptions {
  readonly access: Access;
  readonly subscriptions: SubscriptionService;
  readonly snapshots: SnapshotService;
  readonly parseBinding: (text: string) => ClientBinding;
  readonly metrics: GatewayMetrics;
  readonly clock: Clock;
  readonly logger: Logger;
  /** A log line per request. */
  readonly logRequests?: boolean;
}

/** What a request is answered with. */
interface Answer {
  readonly data: Readonly<Record<string, unknown>>;
  /** Members of `data` that are JSON already. */
  readonly json?: Readonly<Record<string, string>>;
  /** Called right after the answer was queued. */
  readonly onQueued?: () => void;
}

type Action = (session: Session, scope: RequestScope, data: unknown) => Promise<Answer>;

const MAX_NAME_LENGTH = 256;
const MAX_METADATA_BYTES = 4_096;
/** Each binding of a request may cost a round trip to the broker. */
const MAX_BINDINGS_PER_REQUEST = 1_000;

/**
 * Kazoo's Blackhole protocol, 4.3 and 5 at once: JSON objects in text frames, an answer to each, tokens inside messages.
 * A request goes through rate, authentication, validation, authorisation and command in this order; the first failure
 * is the answer, and a request that fails changes nothing, not even who the session belongs to.
 */
export class KazooDialect implements Dialect {
  readonly name = 'kazoo';
  private readonly actions: ReadonlyMap<string, Action>;
  private readonly channelTexts: ChannelTexts;

  constructor(private readonly options: KazooDialectOptions) {
    this.channelTexts = new ChannelTexts(options.clock);
    this.actions = new Map<string, Action>([
      ['subscribe', (session, scope, data) => this.subscribe(session, scope, data)],
      ['unsubscribe', (session, scope, data) => this.unsubscribe(session, scope, data)],
      ['ping', (session, scope) => this.ping(session, scope)],
    ]);
  }

  async onMessage(session: Session, message: InboundMessage): Promise<void> {
    const { metrics } = this.options;
    if (!message.withinRate) {
      metrics.requestFailed('rate');
      session.send(errorReply(requestIdOfLimited(message), rateLimitText(session)));
      return;
    }
    const parsed = parseRequest(message);
    if (!parsed.ok) {
      metrics.requestFailed('parse');
      session.send(errorReply(parsed.requestId, parsed.error));
      return;
    }
    const { request } = parsed;
    try {
      const { data, json, onQueued } = await this.answer(session, request);
      session.send(successReply(request.requestId, data, json));
      onQueued?.();
    } catch (error) {
      session.send(errorReply(request.requestId, this.textOf(error)));
    }
  }

  renderEvent(event: RenderableEvent, binding: ClientBinding, accountId: string): string {
    return eventFrame(event, binding, accountId);
  }

  renderGap(gap: GapNotice): string {
    return gapFrame(gap);
  }

  renderClosing(reason: CloseReason): string {
    return errorNotice(reason.text);
  }

  renderDraining(withinMs: number): string {
    return drainingFrame(withinMs);
  }

  renderRemoved(session: Session, bindings: readonly string[]): string {
    const remaining = textsOf(session);
    return errorNotice(errorTexts.unauthorizedAccount, {
      unsubscribed: bindings,
      subscribed: remaining,
      subscriptions: remaining,
    });
  }

  private async answer(session: Session, request: KazooRequest): Promise<Answer> {
    const { revision } = this.options.access;
    const identity = await this.authenticate(session, request.authToken);
    const { action } = request;
    if (action === undefined) throw invalid(errorTexts.actionRequired);
    const run = this.actions.get(action);
    if (run === undefined) throw invalid(unknownActionText(action));
    this.options.metrics.requestReceived(action);
    if (this.options.logRequests) {
      this.options.logger.info('socket request', {
        session: session.id,
        account_id: identity.principal.accountId,
        request_id: request.requestId,
        action,
      });
    }
    const update = { ...identity.update, ...describedBy(request) };
    return run(session, { principal: identity.principal, revision, update }, request.data);
  }

  /** The session's principal, or the one a new token names: a fresh token in any message renews the session. */
  private async authenticate(
    session: Session,
    token: unknown,
  ): Promise<{ readonly principal: Principal; readonly update: SessionUpdate }> {
    const current = session.principal;
    if (token === undefined || token === null || token === '') {
      if (current === undefined) throw new AppError('unauthorized', errorTexts.tokenRequired);
      return { principal: current, update: {} };
    }
    if (typeof token !== 'string') throw new AppError('unauthorized', errorTexts.tokenFormat);
    const tokenFingerprint = fingerprintOf(token);
    if (current !== undefined && tokenFingerprint === session.tokenFingerprint) {
      return { principal: current, update: {} };
    }
    try {
      const principal = await this.options.access.authenticate(token, current);
      return { principal, update: { principal, tokenFingerprint } };
    } catch (error) {
      if (isAppError(error) && error.code === 'unauthorized') {
        throw new AppError('unauthorized', tokenRefusedText(token), { cause: error });
      }
      throw error;
    }
  }

  private async subscribe(session: Session, scope: RequestScope, data: unknown): Promise<Answer> {
    if (!isObject(data) || Object.keys(data).length === 0) throw invalid(errorTexts.dataRequired);
    const bindings = this.bindingsOf(data);
    if (bindings === undefined) throw invalid(errorTexts.bindingRequired);
    const account = accountOf(data);
    const { subscriptions, snapshots } = this.options;
    if (!wantsSnapshot(data)) {
      return { data: subscribedData(await subscriptions.subscribe(session, scope, bindings, account)) };
    }
    const result = await snapshots.subscribe(session, scope, bindings, account, this.channelTexts.render);
    return {
      data: subscribedData(result),
      json: { snapshot: `{"channels":${result.snapshot},"offset":${result.offset}}` },
      onQueued: result.release,
    };
  }

  private async unsubscribe(session: Session, scope: RequestScope, data: unknown): Promise<Answer> {
    if (data !== undefined && data !== null && !isObject(data)) throw invalid(errorTexts.dataRequired);
    const fields = data ?? {};
    const bindings = this.bindingsOf(fields);
    const account = accountOf(fields);
    const { subscriptions } = this.options;
    let unsubscribed: readonly string[];
    if (bindings === undefined) {
      unsubscribed = await subscriptions.unsubscribeAll(session, scope, account);
    } else {
      await subscriptions.unsubscribe(session, scope, bindings, account);
      unsubscribed = bindings.map(({ text }) => text);
    }
    const remaining = textsOf(session);
    return { data: { unsubscribed, subscribed: remaining, subscriptions: remaining } };
  }

  private async ping(session: Session, scope: RequestScope): Promise<Answer> {
    await this.options.subscriptions.apply(session, scope);
    return { data: { response: 'pong' } };
  }

  /** In the order given; the first faulty one is the error. Undefined when the request names none. */
  private bindingsOf(data: Readonly<Record<string, unknown>>): readonly ClientBinding[] | undefined {
    // Kazoo 5 looks at `bindings` first when both are there.
    const { binding, bindings } = data;
    if (bindings !== undefined) {
      if (!Array.isArray(bindings)) throw invalid(errorTexts.bindingsFormat);
      if (bindings.length === 0) throw invalid(errorTexts.emptySubscription);
      if (bindings.length > MAX_BINDINGS_PER_REQUEST) throw invalid(errorTexts.tooManyBindings);
      return bindings.map((text: unknown) => this.bindingOf(text, errorTexts.bindingsFormat));
    }
    return binding === undefined ? undefined : [this.bindingOf(binding, errorTexts.bindingFormat)];
  }

  private bindingOf(text: unknown, formatError: string): ClientBinding {
    if (typeof text !== 'string') throw invalid(formatError);
    return this.options.parseBinding(text);
  }

  private textOf(error: unknown): string {
    if (isAppError(error) && error.code !== 'internal') {
      this.options.metrics.requestFailed(error.code);
      return error.message;
    }
    this.options.metrics.requestFailed('internal');
    this.options.logger.error('request failed', { error: messageOf(error) });
    return errorTexts.internal;
  }
}

/** Kazoo reads `name` and `metadata` at the top level. Ours stay until the next ones come; `null` clears. */
function describedBy(request: KazooRequest): SessionUpdate {
  const { name, metadata } = request;
  if (name !== undefined && name !== null && (typeof name !== 'string' || name.length > MAX_NAME_LENGTH)) {
    throw invalid(errorTexts.nameFormat);
  }
  if (request.hasMetadata && jsonBytes(metadata) > MAX_METADATA_BYTES) {
    throw invalid(errorTexts.metadataSize);
  }
  return {
    ...(name === undefined ? {} : { name: name ?? undefined }),
    ...(request.hasMetadata ? { metadata } : {}),
  };
}

function accountOf(data: Readonly<Record<string, unknown>>): string | undefined {
  const account = data['account_id'];
  if (account === undefined || account === null) return undefined;
  if (typeof account !== 'string' || account.length > 128) {
    throw new AppError('forbidden', errorTexts.unauthorizedAccount);
  }
  return account;
}

function wantsSnapshot({ snapshot }: Readonly<Record<string, unknown>>): boolean {
  if (snapshot === undefined || snapshot === null) return false;
  if (typeof snapshot !== 'boolean') throw invalid(errorTexts.snapshotFormat);
  return snapshot;
}

/** Kazoo 5; a 4.3 client that asks for one binding finds what it expects in `subscribed`, too. */
function subscribedData({ added, all }: SubscribeResult): Answer['data'] {
  return { subscribed: added, subscriptions: all };
}

/** Nested too deeply to be written counts as too large. */
function jsonBytes(value: unknown): number {
  try {
    return Buffer.byteLength(JSON.stringify(value));
  } catch {
    return Infinity;
  }
}

function invalid(text: string): AppError {
  return new AppError('bad_request', text);
}
