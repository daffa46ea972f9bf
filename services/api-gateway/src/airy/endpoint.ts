import type { JsonObject } from '../front/json-body';
import type { ApiRequest, AuthenticatedRequest } from '../front/request';

/** What a handler of this dialect answers: the body goes out as it is, without an envelope. */
export interface AiryAnswer {
  /** Default 200. */
  readonly status?: number;
  /** Default `{}`; null sends none. */
  readonly body?: object | null;
}

/** A request of a person or API key, and the account it is about. */
export interface AccountRequest extends AuthenticatedRequest {
  readonly accountId: string;
}

/** A request of a visitor of a chat plugin. Whether the token is one, only the service that made it can tell. */
export interface VisitorRequest extends ApiRequest {
  readonly visitorToken: string;
}

interface Common {
  /** For example `/channels.list`. Also the label of metrics. */
  readonly path: string;
  /** Tokens it takes from the caller's rate limit. Default 1. */
  readonly cost?: number;
}

/** Open to everybody; a small body. What is not authorised here is 401. */
export interface OpenEndpoint extends Common {
  readonly access: 'open';
  run(request: ApiRequest, body: JsonObject): Promise<AiryAnswer>;
}

/** For people and API keys, in their own account or one below it. `right`: what they must be allowed to do there. */
export interface AccountEndpoint extends Common {
  readonly access: 'account';
  readonly right: 'read' | 'administer';
  run(request: AccountRequest, body: JsonObject): Promise<AiryAnswer>;
}

/** For visitors of a chat plugin; a small body. */
export interface VisitorEndpoint extends Common {
  readonly access: 'visitor';
  run(request: VisitorRequest, body: JsonObject): Promise<AiryAnswer>;
}

/** For programs that sign what they send, byte for byte. */
export interface SignedEndpoint extends Common {
  readonly access: 'signed';
  readonly maxBytes: number;
  run(request: ApiRequest, body: string): Promise<AiryAnswer>;
}

/** One path; all of them are POST. */
export type AiryEndpoint = OpenEndpoint | AccountEndpoint | VisitorEndpoint | SignedEndpoint;
