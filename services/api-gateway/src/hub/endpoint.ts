import type { JsonObject } from '../front/json-body';
import type { ApiRequest, AuthenticatedRequest, Method } from '../front/request';

export interface HubAnswer {
  /** Default 200. */
  readonly status?: number;
  readonly body: object;
}

/** Open to everybody, with a body. */
export interface OpenHubEndpoint {
  readonly access: 'open';
  readonly cost?: number;
  run(request: ApiRequest, body: JsonObject): Promise<HubAnswer>;
}

/** Needs a token or an API key. A body is read for POST. */
export interface PrincipalHubEndpoint {
  readonly access: 'principal';
  readonly cost?: number;
  run(request: AuthenticatedRequest, body: JsonObject): Promise<HubAnswer>;
}

/** One path of `/api/v1`, and what may be done there. */
export interface HubResource {
  /** Below every prefix, for example `/ws/unsubscribe`. */
  readonly path: string;
  readonly methods: Readonly<Partial<Record<Method, OpenHubEndpoint | PrincipalHubEndpoint>>>;
}
