import type { IncomingMessage, ServerResponse } from 'node:http';
import { tokenFromHeaders, type Principal, type PrincipalDirectory } from '@ringdown/auth';
import { AppError, isAppError, type Logger } from '@ringdown/core';
import { clientAddress, requestIdOf, type TrustedProxies } from '@ringdown/http';
import type { ApiMetrics } from '../app/metrics';
import type { RateLimiter } from '../app/rate-limiter';
import { discardBody, readBody } from './body';
import { isUnchanged } from './conditions';
import { corsHeaders } from './cors';
import type {
  Answer,
  ApiRequest,
  AuthenticatedRequest,
  Endpoint,
  Method,
  PlainText,
  Resource,
} from './endpoint';
import type { Envelopes } from './envelope';
import { toFailure } from './failure';

/** What the {@link Dispatcher} works with. */
export interface DispatcherOptions {
  readonly directory: Pick<PrincipalDirectory, 'authenticateToken'>;
  readonly envelopes: Envelopes;
  readonly limiter: RateLimiter;
  readonly metrics: ApiMetrics;
  readonly logger: Logger;
  readonly trustedProxies: TrustedProxies;
  readonly maxBodyBytes: number;
  /** Log a line per request at info instead of debug. */
  readonly logRequests: boolean;
}

/** A login is a few hundred bytes; nobody vouches for who sends it. */
const MAX_OPEN_BODY_BYTES = 65_536;
/** In place of the account, in the rate limit of callers without a token. */
const ANONYMOUS = 'anonymous';
const ALL_METHODS = ['GET', 'HEAD', 'PUT', 'POST', 'PATCH', 'DELETE', 'OPTIONS'];

/** One request on its way through the dispatcher. */
interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly template: string;
  readonly allowed: readonly string[];
  readonly requestId: string;
  readonly query: URLSearchParams;
  readonly startedMs: number;
  /** Set once the caller's token was accepted. */
  principal?: Principal;
  token?: string;
}

/**
 * Runs requests against resources and writes Crossbar answers. In order: method (405), rate limit (429), token (401),
 * rights (403, 404), body (4xx), handler. Whatever is thrown anywhere becomes an envelope.
 */
export class Dispatcher {
  constructor(private readonly options: DispatcherOptions) {}

  /** Answers a request for a known path. */
  async dispatch(
    resource: Resource,
    params: Readonly<Record<string, string>>,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const exchange = this.open(request, response, resource.path, allowedMethods(resource));
    if (request.method === 'OPTIONS') {
      await this.write(exchange, 204, undefined, { allow: exchange.allowed.join(', ') });
      return;
    }
    try {
      await this.succeed(exchange, await this.run(exchange, resource, params));
    } catch (error) {
      await this.fail(exchange, error, Object.values(params));
    }
  }

  /** Answers with an error where no resource was reached: an unknown or undecodable path, a removed version. */
  async refuse(request: IncomingMessage, response: ServerResponse, error: unknown): Promise<void> {
    const exchange = this.open(request, response, 'none', ALL_METHODS);
    if (request.method === 'OPTIONS') await this.write(exchange, 204, undefined, {});
    else await this.fail(exchange, error, []);
  }

  /** Answers with a status that no error code has. */
  async refuseWith(
    request: IncomingMessage,
    response: ServerResponse,
    status: number,
    message: string,
  ): Promise<void> {
    const exchange = this.open(request, response, 'none', ALL_METHODS);
    const { requestId } = exchange;
    const envelope = this.options.envelopes.error(status, message, { data: {}, requestId });
    await this.write(exchange, status, this.json(exchange, envelope), {});
  }

  private open(
    request: IncomingMessage,
    response: ServerResponse,
    template: string,
    allowed: readonly string[],
  ): Exchange {
    const url = request.url ?? '';
    const mark = url.indexOf('?');
    return {
      request,
      response,
      template,
      allowed,
      requestId: requestIdOf(request),
      query: new URLSearchParams(mark < 0 ? '' : url.slice(mark + 1)),
      startedMs: performance.now(),
    };
  }

  private async run(
    exchange: Exchange,
    resource: Resource,
    params: Readonly<Record<string, string>>,
  ): Promise<Answer> {
    const { request } = exchange;
    const method = request.method === 'HEAD' ? 'GET' : request.method;
    const endpoint = resource.methods[method as Method];
    if (!endpoint) {
      const allow = exchange.allowed.join(', ');
      throw new AppError('method_not_allowed', `${request.method ?? 'this method'} is not supported here`, {
        details: { allow },
      });
    }
    const apiRequest: ApiRequest = {
      requestId: exchange.requestId,
      method: method as Method,
      params,
      query: exchange.query,
      headers: request.headers,
      clientIp: clientAddress(request, this.options.trustedProxies),
      traceparent: traceparentOf(request),
    };
    if (endpoint.access === 'open' || endpoint.access === 'open-body') {
      this.options.limiter.charge(`${apiRequest.clientIp}/${ANONYMOUS}`, endpoint.cost ?? 1);
      if (endpoint.access === 'open') return endpoint.run(apiRequest);
      const maxBytes = Math.min(MAX_OPEN_BODY_BYTES, this.options.maxBodyBytes);
      return endpoint.run(apiRequest, (await readBody(request, maxBytes)).data);
    }
    return this.runAuthenticated(exchange, endpoint, apiRequest);
  }

  private async runAuthenticated(
    exchange: Exchange,
    endpoint: Extract<Endpoint, { access: 'token' | 'token-body' }>,
    apiRequest: ApiRequest,
  ): Promise<Answer> {
    const principal = await this.authenticate(exchange, apiRequest.clientIp);
    this.options.limiter.charge(`${apiRequest.clientIp}/${principal.accountId}`, endpoint.cost ?? 1);
    const request: AuthenticatedRequest = { ...apiRequest, principal };
    await endpoint.authorize?.(request);
    if (endpoint.access === 'token') return endpoint.run(request);
    const { data, beside } = await readBody(exchange.request, this.options.maxBodyBytes);
    return endpoint.run(request, data, beside);
  }

  private async authenticate(exchange: Exchange, clientIp: string): Promise<Principal> {
    const token = tokenFromHeaders(exchange.request.headers);
    try {
      if (token === undefined) throw new AppError('unauthorized', 'no token');
      exchange.principal = await this.options.directory.authenticateToken(token);
      exchange.token = token;
      return exchange.principal;
    } catch (error) {
      // Guessing costs the guesser; a good token is never refused because of others behind the same address.
      if (isAppError(error) && error.code === 'unauthorized') {
        this.options.limiter.charge(`${clientIp}/${ANONYMOUS}`, 1);
      }
      throw error;
    }
  }

  private async succeed(exchange: Exchange, answer: Answer): Promise<void> {
    const { request, requestId } = exchange;
    const isRead = request.method === 'GET' || request.method === 'HEAD';
    const etag = answer.revision === undefined ? {} : { etag: `"${answer.revision}"` };
    if (isRead && answer.revision !== undefined && isUnchanged(request.headers, answer.revision)) {
      await this.write(exchange, 304, undefined, etag);
      return;
    }
    if (answer.plain !== undefined) {
      await this.write(exchange, answer.status ?? 200, answer.plain, { ...etag, ...answer.headers });
      return;
    }
    const envelope = this.options.envelopes.success({
      data: answer.data,
      requestId,
      authToken: answer.authToken === null ? undefined : (answer.authToken ?? exchange.token),
      revision: answer.revision,
      extra: answer.extra,
    });
    await this.write(exchange, answer.status ?? 200, this.json(exchange, envelope), {
      ...etag,
      ...answer.headers,
    });
  }

  private async fail(exchange: Exchange, error: unknown, identifiers: readonly string[]): Promise<void> {
    const failure = toFailure(error, identifiers);
    const { requestId, template } = exchange;
    if (failure.status === 500) {
      this.options.logger.error('request failed', { template, request_id: requestId, error });
    }
    if (isAppError(error) && error.code === 'timeout') this.options.metrics.timedOut(template);
    const envelope = this.options.envelopes.error(failure.status, failure.message, {
      data: failure.data,
      requestId,
      authToken: exchange.token,
    });
    await this.write(exchange, failure.status, this.json(exchange, envelope), failure.headers);
  }

  private json(exchange: Exchange, envelope: unknown): PlainText {
    const text = JSON.stringify(envelope, null, wantsPretty(exchange) ? 2 : 0);
    return { contentType: 'application/json', text };
  }

  private async write(
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

  private record(exchange: Exchange, status: number): void {
    const { request, template, startedMs, principal, requestId } = exchange;
    const durationMs = performance.now() - startedMs;
    const method = ALL_METHODS.includes(request.method ?? '') ? request.method! : 'OTHER';
    this.options.metrics.answered(template, method, status, durationMs / 1000);
    this.options.logger[this.options.logRequests ? 'info' : 'debug']('request', {
      method,
      template,
      status,
      duration_ms: Math.round(durationMs),
      request_id: requestId,
      account_id: principal?.accountId,
    });
  }
}

function allowedMethods(resource: Resource): string[] {
  const methods: string[] = Object.keys(resource.methods);
  return [...methods.flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method])), 'OPTIONS'];
}

function wantsPretty({ query, request }: Exchange): boolean {
  const wish = query.get('pretty_print') ?? request.headers['x-pretty-print'];
  return wish !== undefined && wish !== null && wish !== 'false' && wish !== '0';
}

function traceparentOf(request: IncomingMessage): string | undefined {
  const header = request.headers['traceparent'];
  const wellFormed = /^[\da-f]{2}-[\da-f]{32}-[\da-f]{16}-[\da-f]{2}$/;
  return typeof header === 'string' && wellFormed.test(header) ? header : undefined;
}
