import type { IncomingMessage, ServerResponse } from 'node:http';
import { AppError } from '@ringdown/core';
import { ALL_METHODS, type Exchange, type HttpFront, type PlainText } from '../front/http-front';
import type { ApiRequest, Method } from '../front/request';
import { readBody } from './body';
import { isUnchanged } from './conditions';
import type { Answer, Endpoint, Resource } from './endpoint';
import type { Envelopes } from './envelope';
import { toFailure } from './failure';

/**
 * Runs requests against resources and writes Crossbar answers. In order: method (405), rate limit (429), token (401),
 * rights (403, 404), body (4xx), handler. Whatever is thrown anywhere becomes an envelope.
 */
export class Dispatcher {
  constructor(
    private readonly front: HttpFront,
    private readonly envelopes: Envelopes,
  ) {}

  /** Answers a request for a known path. */
  async dispatch(
    resource: Resource,
    params: Readonly<Record<string, string>>,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const exchange = this.front.open('crossbar', request, response, resource.path, allowedMethods(resource));
    if (request.method === 'OPTIONS') {
      await this.front.write(exchange, 204, undefined, { allow: exchange.allowed.join(', ') });
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
    const exchange = this.front.open('none', request, response, 'none', ALL_METHODS);
    if (request.method === 'OPTIONS') await this.front.write(exchange, 204, undefined, {});
    else await this.fail(exchange, error, []);
  }

  /** Answers with a status that no error code has. */
  async refuseWith(
    request: IncomingMessage,
    response: ServerResponse,
    status: number,
    message: string,
  ): Promise<void> {
    const exchange = this.front.open('none', request, response, 'none', ALL_METHODS);
    const { requestId } = exchange;
    const envelope = this.envelopes.error(status, message, { data: {}, requestId });
    await this.front.write(exchange, status, this.json(exchange, envelope), {});
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
    const apiRequest = this.front.requestOf(exchange, method as Method, params);
    if (endpoint.access === 'open' || endpoint.access === 'open-body') {
      this.front.chargeAnonymous(apiRequest, endpoint.cost);
      if (endpoint.access === 'open') return endpoint.run(apiRequest);
      return endpoint.run(apiRequest, (await readBody(request, this.front.maxOpenBodyBytes)).data);
    }
    return this.runAuthenticated(exchange, endpoint, apiRequest);
  }

  private async runAuthenticated(
    exchange: Exchange,
    endpoint: Extract<Endpoint, { access: 'token' | 'token-body' }>,
    apiRequest: ApiRequest,
  ): Promise<Answer> {
    const request = await this.front.authenticate(exchange, apiRequest, { cost: endpoint.cost });
    await endpoint.authorize?.(request);
    if (endpoint.access === 'token') return endpoint.run(request);
    const { data, beside } = await readBody(exchange.request, this.front.maxBodyBytes, endpoint);
    return endpoint.run(request, data, beside);
  }

  private async succeed(exchange: Exchange, answer: Answer): Promise<void> {
    const { request, requestId } = exchange;
    const isRead = request.method === 'GET' || request.method === 'HEAD';
    const etag = answer.revision === undefined ? {} : { etag: `"${answer.revision}"` };
    if (isRead && answer.revision !== undefined && isUnchanged(request.headers, answer.revision)) {
      await this.front.write(exchange, 304, undefined, etag);
      return;
    }
    if (answer.plain !== undefined) {
      await this.front.write(exchange, answer.status ?? 200, answer.plain, { ...etag, ...answer.headers });
      return;
    }
    const envelope = this.envelopes.success({
      data: answer.data,
      requestId,
      authToken: answer.authToken === null ? undefined : (answer.authToken ?? exchange.token),
      revision: answer.revision,
      extra: answer.extra,
    });
    await this.front.write(exchange, answer.status ?? 200, this.json(exchange, envelope), {
      ...etag,
      ...answer.headers,
    });
  }

  private async fail(exchange: Exchange, error: unknown, identifiers: readonly string[]): Promise<void> {
    const failure = toFailure(error, identifiers);
    const { requestId } = exchange;
    this.front.failed(exchange, error, failure.status);
    const envelope = this.envelopes.error(failure.status, failure.message, {
      data: failure.data,
      requestId,
      authToken: exchange.token,
    });
    await this.front.write(exchange, failure.status, this.json(exchange, envelope), failure.headers);
  }

  private json(exchange: Exchange, envelope: unknown): PlainText {
    const text = JSON.stringify(envelope, null, wantsPretty(exchange) ? 2 : 0);
    return { contentType: 'application/json', text };
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
