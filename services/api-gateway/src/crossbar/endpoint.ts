import type { PlainText } from '../front/http-front';
import type { ApiRequest, AuthenticatedRequest, Method } from '../front/request';

/** The `data` member of a request body: a JSON object, already checked for what no part of the system can take. */
export type RequestData = Readonly<Record<string, unknown>>;

/** What stands beside `data` in a request body, for example `action`. */
export type RequestMembers = RequestData;

/** What a handler answers; the dispatcher makes the envelope of it. */
export interface Answer {
  /** Default 200. */
  readonly status?: number;
  readonly data: unknown;
  /** Becomes `revision` and the ETag. */
  readonly revision?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Members beside `data`, for example `next_start_key`. */
  readonly extra?: Readonly<Record<string, unknown>>;
  /** Replaces the caller's own token in the envelope (login); null leaves it out (logout). */
  readonly authToken?: string | null;
  /** Sent in place of the envelope. */
  readonly plain?: PlainText;
}

interface EndpointCommon {
  /** Tokens it takes from the caller's rate limit. Default 1. */
  readonly cost?: number;
}

/** Open to everybody. */
export interface OpenEndpoint extends EndpointCommon {
  readonly access: 'open';
  run(request: ApiRequest): Promise<Answer>;
}

/** Open to everybody, with a body; a small one, because nobody vouches for the sender. */
export interface OpenBodyEndpoint extends EndpointCommon {
  readonly access: 'open-body';
  run(request: ApiRequest, data: RequestData): Promise<Answer>;
}

/** Needs a token. `authorize` throws when the principal may not; it runs before a body is read. */
export interface TokenEndpoint extends EndpointCommon {
  readonly access: 'token';
  authorize?(request: AuthenticatedRequest): Promise<void>;
  run(request: AuthenticatedRequest): Promise<Answer>;
}

export interface TokenBodyEndpoint extends EndpointCommon {
  readonly access: 'token-body';
  /** `data` may be left out and counts as empty then: what is asked for stands beside it. */
  readonly dataOptional?: boolean;
  authorize?(request: AuthenticatedRequest): Promise<void>;
  run(request: AuthenticatedRequest, data: RequestData, beside: RequestMembers): Promise<Answer>;
}

export type Endpoint = OpenEndpoint | OpenBodyEndpoint | TokenEndpoint | TokenBodyEndpoint;

/** One path with everything that may be done to it. Other methods answer 405. */
export interface Resource {
  /** Below `/v2`, for example `/accounts/:account_id/users/:id`. Also the label of metrics. */
  readonly path: string;
  readonly methods: Readonly<Partial<Record<Method, Endpoint>>>;
}
