import {
  AppError,
  type Clock,
  currentTrace,
  isAppError,
  type Logger,
  messageOf,
  newMessageId,
  withTrace,
} from '@ringdown/core';
import type { OperationHandler } from '../broker';
import { noObserver, type BrokerObserver, type RequestOutcome } from '../observer';
import { encodeError, encodeValue, parseJson } from './rpc-codec';
import { checkBody } from './topology';
import { traceOf } from './trace-headers';
import type { IncomingRequest } from './transport';

export const DEFAULT_CONCURRENCY = 64;
const DEFAULT_EXPIRATION_MS = 5_000;
/** A foreign requester may name any; a handler should not be told that it has a week. */
const MAX_EXPIRATION_MS = 600_000;

/** Finds the handler of a request, runs it within its deadline and encodes what it says. */
export class RequestDispatcher {
  private readonly handlers = new Map<string, OperationHandler>();
  private readonly waiting: (() => void)[] = [];
  private running = 0;

  constructor(
    private readonly service: string,
    private readonly clock: Clock,
    private readonly logger: Logger,
    private readonly observer: BrokerObserver = noObserver,
    public concurrency = DEFAULT_CONCURRENCY,
  ) {}

  get operations(): readonly OperationHandler[] {
    return [...this.handlers.values()];
  }

  /** Errors: `bad_request` for an operation of another service, `conflict` for one that is served already. */
  add(handlers: readonly OperationHandler[]): void {
    for (const { operation } of handlers) {
      if (operation.service !== this.service) {
        throw new AppError('bad_request', `${operation.name} belongs to ${operation.service}`);
      }
      if (this.handlers.has(operation.name))
        throw new AppError('conflict', `${operation.name} is served already`);
    }
    for (const handler of handlers) this.handlers.set(handler.operation.name, handler);
  }

  remove(handlers: readonly OperationHandler[]): void {
    for (const { operation } of handlers) this.handlers.delete(operation.name);
  }

  /** The reply's body; undefined when nobody waits for one. Never rejects. */
  answer(request: IncomingRequest): Promise<Buffer | undefined> {
    const requestId = request.requestId ?? newMessageId();
    return withTrace(traceOf(request.headers, requestId), () => this.answerTraced(request, requestId));
  }

  private async answerTraced(request: IncomingRequest, requestId: string): Promise<Buffer | undefined> {
    if (request.redelivered) {
      // The first taker died with it, perhaps after it acted. The caller times out and may retry under the same id.
      this.logger.warn('redelivered request dropped', { operation: request.operation });
      this.observer.dropped('redelivered');
      return undefined;
    }
    const startedMs = performance.now();
    const allowedMs = Math.min(request.expirationMs ?? DEFAULT_EXPIRATION_MS, MAX_EXPIRATION_MS);
    const deadlineMs = this.clock() + allowedMs;
    await this.enter();
    try {
      if (this.clock() > deadlineMs) {
        this.observer.dropped('expired');
        return undefined;
      }
      const reply = encodeValue(await this.run(request, requestId, deadlineMs));
      checkBody(reply);
      this.ended(request, 'ok', startedMs);
      return reply;
    } catch (error) {
      this.ended(request, isAppError(error) ? error.code : 'internal', startedMs);
      if (!isAppError(error)) {
        const detail = error instanceof Error ? (error.stack ?? error.message) : messageOf(error);
        this.logger.error('request handler failed', { operation: request.operation, error: detail });
      }
      return encodeError(error);
    } finally {
      this.leave();
    }
  }

  private ended({ operation }: IncomingRequest, outcome: RequestOutcome, startedMs: number): void {
    // What it asked for is the caller's text, unless it is something that is served here.
    const known = operation !== undefined && this.handlers.has(operation) ? operation : 'unknown';
    const elapsedMs = performance.now() - startedMs;
    this.observer.answered(known, outcome, elapsedMs);
    this.logger.debug('request answered', { operation: known, outcome, duration_ms: Math.round(elapsedMs) });
  }

  private async run(request: IncomingRequest, requestId: string, deadlineMs: number): Promise<unknown> {
    const handler = request.operation === undefined ? undefined : this.handlers.get(request.operation);
    if (handler === undefined) {
      throw new AppError('not_implemented', `${this.service} has no operation ${String(request.operation)}`);
    }
    const payload = parseJson(request.body);
    if (payload === undefined) throw new AppError('bad_request', 'the request is not JSON');
    // No conversion: both sides are ours, so "1" for 1 is a mistake worth seeing.
    const { value, error } = handler.operation.request.validate(payload, {
      abortEarly: false,
      convert: false,
    });
    if (error !== undefined) {
      const details = Object.fromEntries(error.details.map((it) => [it.path.join('.'), it.message]));
      throw new AppError('validation_failed', `${handler.operation.name}: ${error.message}`, { details });
    }
    return handler.run(value, {
      requestId,
      deadlineMs,
      traceparent: currentTrace()?.traceparent,
    });
  }

  private async enter(): Promise<void> {
    if (this.running >= this.concurrency) await new Promise<void>((resolve) => this.waiting.push(resolve));
    else this.running += 1;
  }

  /** Hands its place to the next in line, so that `running` never passes the limit. */
  private leave(): void {
    const next = this.waiting.shift();
    if (next === undefined) this.running -= 1;
    else next();
  }
}
