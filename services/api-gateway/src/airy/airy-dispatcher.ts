import type { IncomingMessage, ServerResponse } from 'node:http';
import { tokenFromHeaders } from '@ringdown/auth';
import { AppError } from '@ringdown/core';
import type { Access } from '../app/access';
import type { Exchange, HttpFront } from '../front/http-front';
import { readJsonObject, readUtf8, type JsonObject } from '../front/json-body';
import type { ApiRequest } from '../front/request';
import { chosenAccount } from './chosen-account';
import type { AccountEndpoint, AiryAnswer, AiryEndpoint, VisitorEndpoint } from './endpoint';
import { toAiryFailure } from './failure';

const ALLOWED = ['POST', 'OPTIONS'];
/** In place of the account, in the rate limits of those who have none. */
const VISITORS = 'visitors';
const SOURCES = 'sources';
/** Longer ones are refused unread: no token of a visitor comes near it. */
const MAX_VISITOR_TOKEN = 256;

/**
 * Runs requests against endpoints and writes answers without an envelope; errors are `{"message": …}`. In order: method
 * (405), rate limit (429), token (403), rights (403, 404), body (4xx), handler.
 */
export class AiryDispatcher {
  constructor(
    private readonly front: HttpFront,
    private readonly access: Access,
  ) {}

  /** Answers a request for a known path. */
  async dispatch(
    endpoint: AiryEndpoint,
    params: Readonly<Record<string, string>>,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const exchange = this.front.open('airy', request, response, endpoint.path, ALLOWED);
    if (request.method === 'OPTIONS') {
      await this.front.write(exchange, 204, undefined, { allow: ALLOWED.join(', ') });
      return;
    }
    try {
      if (request.method !== 'POST') {
        throw new AppError('method_not_allowed', 'only POST is supported here', {
          details: { allow: ALLOWED.join(', ') },
        });
      }
      const answer = await this.run(exchange, endpoint, this.front.requestOf(exchange, 'POST', params));
      await this.write(exchange, answer.status ?? 200, answer.body === undefined ? {} : answer.body, {});
    } catch (error) {
      await this.fail(exchange, error, endpoint.access === 'open' || endpoint.access === 'signed');
    }
  }

  /** Answers with an error where no endpoint was reached. */
  async refuse(request: IncomingMessage, response: ServerResponse, error: unknown): Promise<void> {
    await this.fail(this.front.open('airy', request, response, 'none', ALLOWED), error, false);
  }

  private async run(exchange: Exchange, endpoint: AiryEndpoint, request: ApiRequest): Promise<AiryAnswer> {
    switch (endpoint.access) {
      case 'open': {
        this.front.chargeAnonymous(request, endpoint.cost);
        return endpoint.run(request, await this.body(exchange, this.front.maxOpenBodyBytes));
      }
      case 'account':
        return this.runForAccount(exchange, endpoint, request);
      case 'visitor':
        return this.runForVisitor(exchange, endpoint, request);
      case 'signed': {
        this.front.chargeCaller(request, SOURCES, endpoint.cost);
        const text = await readUtf8(exchange.request, Math.min(endpoint.maxBytes, this.front.maxBodyBytes));
        return this.front.costsTheGuesser(request, () => endpoint.run(request, text));
      }
    }
  }

  private async runForAccount(
    exchange: Exchange,
    endpoint: AccountEndpoint,
    apiRequest: ApiRequest,
  ): Promise<AiryAnswer> {
    const request = await this.front.authenticate(exchange, apiRequest, { cost: endpoint.cost });
    const { principal } = request;
    const accountId = chosenAccount(request.headers) ?? principal.accountId;
    if (endpoint.right === 'administer') await this.access.toAdminister(principal, accountId);
    else await this.access.toRead(principal, accountId);
    return endpoint.run({ ...request, accountId }, await this.body(exchange, this.front.maxBodyBytes));
  }

  private async runForVisitor(
    exchange: Exchange,
    endpoint: VisitorEndpoint,
    request: ApiRequest,
  ): Promise<AiryAnswer> {
    this.front.chargeCaller(request, VISITORS, endpoint.cost);
    return this.front.costsTheGuesser(request, async () => {
      const visitorToken = tokenFromHeaders(request.headers);
      if (visitorToken === undefined || visitorToken.length > MAX_VISITOR_TOKEN) {
        throw new AppError('unauthorized', 'no token of a visitor');
      }
      const body = await this.body(exchange, this.front.maxOpenBodyBytes);
      return endpoint.run({ ...request, visitorToken }, body);
    });
  }

  private async body({ request }: Exchange, maxBytes: number): Promise<JsonObject> {
    return (await readJsonObject(request, maxBytes)) ?? {};
  }

  private async fail(exchange: Exchange, error: unknown, mayLogIn: boolean): Promise<void> {
    const { status, message, headers } = toAiryFailure(error, mayLogIn);
    this.front.failed(exchange, error, status);
    await this.write(exchange, status, message === undefined ? null : { message }, headers);
  }

  private write(
    exchange: Exchange,
    status: number,
    body: object | null,
    headers: Readonly<Record<string, string>>,
  ): Promise<void> {
    const json = body === null ? undefined : { contentType: 'application/json', text: JSON.stringify(body) };
    const empty = json === undefined && status !== 204 ? { 'content-length': '0' } : {};
    return this.front.write(exchange, status, json, { ...empty, ...headers });
  }
}
