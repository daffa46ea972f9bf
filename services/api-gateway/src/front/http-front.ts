import type { IncomingMessage, ServerResponse } from 'node:http';
import { tokenFromHeaders, type Principal, type PrincipalDirectory } from '@ringdown/auth';
import { isAppError, AppError, type Logger } from '@ringdown/core';
import { clientAddress, requestIdOf, traceparentOf, type TrustedProxies } from '@ringdown/http';
import type { ApiMetrics, DialectName } from '../app/metrics';
import type { RateLimiter } from '../app/rate-limiter';
import { corsHeaders } from './cors';
import { discardBody } from './json-body';
import type { ApiRequest, AuthenticatedRequest, Method } from './request';

/** What the {@link HttpFront} works with. */
export interface HttpFrontOptions {
  readonly directory: Pick<PrincipalDirectory, 'authenticateToken'>;
  readonly limiter: RateLimiter;
  readonly metrics: ApiMetrics;
  readonly logger: Logger;
  readonly trustedProxies: TrustedProxies;
  readonly maxBodyBytes: number;
  /** Log a line per request at info instead of debug. */
  readonly logRequests: boolean;
}

/** A body ready to be sent. */
export interface PlainText {
  readonly contentType: string;
  readonly text: string;
}

/** One request on its way through a dialect. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly dialect: DialectName;
  /** The route, as metrics and logs call it: never a path that a client made up. */
  readonly template: string;
  readonly allowed: readonly string[];
  readonly requestId: string;
  readonly query: URLSearchParams;
  readonly startedMs: number;
  /** Set once the caller's token was accepted. */
  principal?: Principal;
  token?: string;
}

/** A login is a few hundred bytes; nobody vouches for who sends it. */
const MAX_OPEN_BODY_BYTES = 65_536;
/** In place of the account, in the rate limit of callers without a token. */
const ANONYMOUS = 'anonymous';
export const ALL_METHODS = ['GET', 'HEAD', 'PUT', 'POST', 'PATCH', 'DELETE', 'OPTIONS'];

/**
 * What every HTTP dialect of this service shares: who asks, how often they may, how much they may send, CORS, metrics
 * and the log. A dialect opens an exchange, takes from here what it needs in its own order, and writes once.
 */
export class HttpFront {
  /** The largest body of a caller that showed a token. */
  readonly maxBodyBytes: number;
  /** The largest body of anybody else. */
  readonly maxOpenBodyBytes: number;

  constructor(private readonly options: HttpFrontOptions) {
    this.maxBodyBytes = options.maxBodyBytes;
    this.maxOpenBodyBytes = Math.min(MAX_OPEN_BODY_BYTES, options.maxBodyBytes);
  }

  open(
    dialect: DialectName,
    request: IncomingMessage,
    response: ServerResponse,
    template: string,
    allowed: readonly string[],
  ): Exchange {
    const url = request.url ?? '';
    const mark = url.indexOf('?');
    this.options.metrics.began();
    response.once('close', () => this.options.metrics.ended());
    return {
      request,
      response,
      dialect,
      template,
      allowed,
      requestId: requestIdOf(request),
      query: new URLSearchParams(mark < 0 ? '' : url.slice(mark + 1)),
      startedMs: performance.now(),
    };
  }

  requestOf(exchange: Exchange, method: Method, params: Readonly<Record<string, string>>): ApiRequest {
    const { request, requestId, query } = exchange;
    return {
      requestId,
      method,
      params,
      query,
      headers: request.headers,
      clientIp: clientAddress(request, this.options.trustedProxies),
      traceparent: traceparentOf(request),
    };
  }

  /** Takes from the rate limit of everybody at this address that showed no token. Error: `rate_limited`. */
  chargeAnonymous({ clientIp }: Pick<ApiRequest, 'clientIp'>, cost = 1): void {
    this.options.limiter.charge(`${clientIp}/${ANONYMOUS}`, cost);
  }

  /** Takes from the rate limit of a caller that is known by something else than an account. Error: `rate_limited`. */
  chargeCaller({ clientIp }: Pick<ApiRequest, 'clientIp'>, caller: string, cost = 1): void {
    this.options.limiter.charge(`${clientIp}/${caller}`, cost);
  }

  /**
   * Finds out who asks and takes the cost from its account's rate limit. `authenticate` replaces the question to the
   * directory where a dialect accepts other credentials. Errors: `unauthorized`, `unavailable`, `rate_limited`.
   */
  async authenticate(
    exchange: Exchange,
    request: ApiRequest,
    options: {
      readonly cost?: number | undefined;
      readonly authenticate?: () => Promise<Principal>;
    } = {},
  ): Promise<AuthenticatedRequest> {
    const principal = await this.costsTheGuesser(
      request,
      options.authenticate ?? (() => this.byToken(exchange)),
    );
    exchange.principal = principal;
    this.chargeCaller(request, principal.accountId, options.cost);
    return { ...request, principal };
  }

  /** Guessing costs the guesser; good credentials are never refused because of others behind the same address. */
  async costsTheGuesser<T>(request: ApiRequest, check: () => Promise<T>): Promise<T> {
    try {
      return await check();
    } catch (error) {
      if (isAppError(error) && error.code === 'unauthorized') this.chargeAnonymous(request);
      throw error;
    }
  }

  /** Says of an error what only the operator is to know. `status` is what the client gets. */
  failed({ dialect, template }: Exchange, error: unknown, status: number): void {
    if (status === 500) {
      this.options.logger.error('request failed', { template, error });
    }
    if (isAppError(error) && error.code === 'timeout') {
      this.options.metrics.timedOut({ dialect, route: template });
    }
  }

  /** Answers. What is left of the request's body is read first, so that the client sees the answer. */
  async write(
    exchange: Exchange,
    status: number,
    body: PlainText | undefined,
    headers: Readonly<Record<string, string>>,
  ): Promise<void> {
    const { request, response, requestId } = exchange;
    const reusable = await discardBody(request, this.options.maxBodyBytes);
    this.record(exchange, status);
    if (response.destroyed || response.headersSent) return;
    response.writeHead(status, {
      ...corsHeaders(exchange.allowed),
      'x-request-id': requestId,
      'cache-control': 'no-store',
      ...(body === undefined
        ? {}
        : { 'content-type': body.contentType, 'content-length': String(Buffer.byteLength(body.text)) }),
      ...(reusable ? {} : { connection: 'close' }),
      ...headers,
    });
    response.end(body?.text);
  }

  private async byToken(exchange: Exchange): Promise<Principal> {
    const token = tokenFromHeaders(exchange.request.headers);
    if (token === undefined) throw new AppError('unauthorized', 'no token');
    const principal = await this.options.directory.authenticateToken(token);
    exchange.token = token;
    return principal;
  }

  private record(exchange: Exchange, status: number): void {
    const { request, dialect, template, startedMs, principal, requestId } = exchange;
    const durationMs = performance.now() - startedMs;
    const method = ALL_METHODS.includes(request.method ?? '') ? request.method! : 'OTHER';
    this.options.metrics.answered({ dialect, route: template, method }, status, durationMs / 1000);
    this.options.logger[this.options.logRequests ? 'info' : 'debug']('request', {
      dialect,
      method,
      template,
      status,
      duration_ms: Math.round(durationMs),
      request_id: requestId,
      account_id: principal?.accountId,
    });
  }
}
