import type Joi from 'joi';

/**
 * One request a service answers, with the schema its payload must match. The answer's type is carried at compile time
 * only. `writes` marks operations whose handler must remember the request id, so that a retry applies once.
 */
export interface Operation<Request, Response> {
  readonly service: string;
  readonly name: string;
  readonly request: Joi.Schema<Request>;
  readonly writes: boolean;
  /** Never set; binds the response type to the value. */
  readonly response?: Response;
}

export function defineOperation<Request, Response>(
  service: string,
  name: string,
  request: Joi.Schema<Request>,
  options: { writes?: boolean } = {},
): Operation<Request, Response> {
  return { service, name, request, writes: options.writes ?? false };
}
