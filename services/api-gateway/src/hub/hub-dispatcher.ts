import type { IncomingMessage, ServerResponse } from 'node:http';
import { credentialsOf, type CredentialAuthenticator, type Principal } from '@ringdown/auth';
import { AppError, isAppError } from '@ringdown/core';
import { hubFailureOf } from '@ringdown/http';
import { ALL_METHODS, type Exchange, type HttpFront } from '../front/http-front';
import { readJsonObject, type JsonObject } from '../front/json-body';
import type { ApiRequest, Method } from '../front/request';
import type { HubAnswer, HubResource } from './endpoint';

const MAX_BODY_BYTES = 65_536;
/** What metrics call the paths, under whatever prefix they were asked for. */
const PREFIX = '/api/v1';

/**
 * Runs requests of `/api/v1` and writes answers without an envelope; errors are `{code, message, stack}`. In order:
 * method (405), rate limit (429), credentials (401), body (400, 413), handler.
 */
export class HubDispatcher {
  constructor(
    private readonly front: HttpFront,
    private readonly authenticator: CredentialAuthenticator,
    private readonly options: { readonly tokenInQuery: boolean },
  ) {}

  /** Answers a request for a known path. */
  async dispatch(resource: HubResource, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const exchange = this.front.open(
      'hub',
      request,
      response,
      PREFIX + resource.path,
      allowedMethods(resource),
    );
    if (request.method === 'OPTIONS') {
      await this.front.write(exchange, 204, undefined, { allow: exchange.allowed.join(', ') });
      return;
    }
    try {
      const { status, body } = await this.run(exchange, resource);
      await this.write(exchange, status ?? 200, body, {});
    } catch (error) {
      await this.fail(exchange, error);
    }
  }

  /** Answers with an error where no endpoint was reached. */
  async refuse(request: IncomingMessage, response: ServerResponse, error: unknown): Promise<void> {
    await this.fail(this.front.open('hub', request, response, 'none', ALL_METHODS), error);
  }

  private async run(exchange: Exchange, resource: HubResource): Promise<HubAnswer> {
    const method = exchange.request.method === 'HEAD' ? 'GET' : exchange.request.method;
    const endpoint = resource.methods[method as Method];
    if (!endpoint) {
      throw new AppError('method_not_allowed', `${method ?? 'this method'} is not supported here`);
    }
    const request = this.front.requestOf(exchange, method as Method, {});
    if (endpoint.access === 'open') {
      this.front.chargeAnonymous(request, endpoint.cost);
      return endpoint.run(request, await bodyOf(exchange, method as Method));
    }
    const authenticated = await this.front.authenticate(exchange, request, {
      cost: endpoint.cost,
      authenticate: () => this.principalOf(exchange, request),
    });
    return endpoint.run(authenticated, await bodyOf(exchange, method as Method));
  }

  private principalOf({ request, query }: Exchange, { clientIp }: ApiRequest): Promise<Principal> {
    const credentials = credentialsOf(request.headers, query, this.options);
    if (credentials === undefined) throw new AppError('unauthorized', 'no token and no API key found');
    return this.authenticator.authenticate(credentials, clientIp);
  }

  private async fail(exchange: Exchange, error: unknown): Promise<void> {
    const { status, body } = hubFailureOf(error, pathOf(exchange.request));
    this.front.failed(exchange, error, status);
    await this.write(exchange, status, body, headersOf(exchange, error, status));
  }

  private write(
    exchange: Exchange,
    status: number,
    body: object,
    headers: Readonly<Record<string, string>>,
  ): Promise<void> {
    const json = { contentType: 'application/json; charset=utf-8', text: JSON.stringify(body) };
    return this.front.write(exchange, status, json, headers);
  }
}

async function bodyOf({ request }: Exchange, method: Method): Promise<JsonObject> {
  if (method !== 'POST') return {};
  try {
    return (await readJsonObject(request, MAX_BODY_BYTES)) ?? {};
  } catch (error) {
    if (!isAppError(error) || error.code !== 'validation_failed') throw error;
    throw new AppError('validation_failed', `Invalid request body: ${error.message}`, {
      ...(error.details === undefined ? {} : { details: error.details }),
      cause: error,
    });
  }
}

function headersOf({ allowed }: Exchange, error: unknown, status: number): Record<string, string> {
  if (status === 405) return { allow: allowed.join(', ') };
  if (status === 401) return { 'www-authenticate': 'Bearer' };
  if (status !== 429 && status !== 503) return {};
  const seconds = isAppError(error) ? error.details?.['retry_after_s'] : undefined;
  return { 'retry-after': String(typeof seconds === 'number' ? Math.max(1, Math.ceil(seconds)) : 1) };
}

function allowedMethods(resource: HubResource): string[] {
  const methods: string[] = Object.keys(resource.methods);
  return [...methods.flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method])), 'OPTIONS'];
}

function pathOf({ url = '' }: IncomingMessage): string {
  return url.split('?', 1)[0]!.slice(0, 256);
}
