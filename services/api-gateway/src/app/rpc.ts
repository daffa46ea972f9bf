import type { Broker, GatheredAnswers } from '@ringdown/broker';
import type { Operation } from '@ringdown/contracts';
import type { ApiRequest } from '../crossbar/endpoint';

/** The part of the broker this service uses. */
export type ApiBroker = Pick<
  Broker,
  'instance' | 'status' | 'instances' | 'publish' | 'request' | 'requestTo' | 'requestAll'
>;

/** Asks other services on behalf of an HTTP request: its trace goes along, and nobody waits longer than the setting. */
export class Rpc {
  constructor(
    private readonly broker: ApiBroker,
    private readonly timeoutMs: number,
  ) {}

  ask<Request, Response>(
    operation: Operation<Request, Response>,
    payload: Request,
    request: ApiRequest,
  ): Promise<Response> {
    return this.broker.request(operation, payload, this.options(request));
  }

  askInstance<Request, Response>(
    instance: string,
    operation: Operation<Request, Response>,
    payload: Request,
    request: ApiRequest,
  ): Promise<Response> {
    return this.broker.requestTo(instance, operation, payload, this.options(request));
  }

  askAll<Request, Response>(
    operation: Operation<Request, Response>,
    payload: Request,
    request: ApiRequest,
  ): Promise<GatheredAnswers<Response>> {
    return this.broker.requestAll(operation, payload, this.options(request));
  }

  private options({ traceparent }: ApiRequest): { timeoutMs: number; traceparent?: string } {
    return { timeoutMs: this.timeoutMs, ...(traceparent === undefined ? {} : { traceparent }) };
  }
}
