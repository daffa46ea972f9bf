import type { IncomingHttpHeaders } from 'node:http';
import type { Principal } from '@ringdown/auth';

export type Method = 'GET' | 'PUT' | 'POST' | 'PATCH' | 'DELETE';

/** A request as the handlers of every dialect see it: no HTTP library in sight. */
export interface ApiRequest {
  readonly requestId: string;
  readonly method: Method;
  /** Parts of the path by name, decoded. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  /** The address of the real client. */
  readonly clientIp: string;
  /** W3C trace context, when the client sent a well-formed one. */
  readonly traceparent: string | undefined;
}

/** A request whose token was accepted. */
export interface AuthenticatedRequest extends ApiRequest {
  readonly principal: Principal;
}
