import type { Broker, GatheredAnswers } from '@ringdown/broker';
import { COMMAND_PROOF_MS, type Operation } from '@ringdown/contracts';
import type { ApiRequest } from '../front/request';
import { refusalOfSwitch } from '../crossbar/state-conflict';

/** The part of the broker this service uses. */
export type ApiBroker = Pick<
  Broker,
  'instance' | 'status' | 'instances' | 'publish' | 'request' | 'requestTo' | 'requestAll'
>;

/** What a command's way to the switch and back may take beyond the wait for its proof. */
const COMMAND_WAY_MS = 1_500;

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

  /** As {@link ask}, but of a switch: waits at least as long as a command needs. Errors: also {@link StateConflict}. */
  async command<Request, Response>(
    operation: Operation<Request, Response>,
    payload: Request,
    request: ApiRequest,
  ): Promise<Response> {
    try {
      return await this.broker.request(operation, payload, this.commandOptions(request));
    } catch (error) {
      throw refusalOfSwitch(error);
    }
  }

  /** As {@link askInstance}, but of a switch, like {@link command}. */
  async commandInstance<Request, Response>(
    instance: string,
    operation: Operation<Request, Response>,
    payload: Request,
    request: ApiRequest,
  ): Promise<Response> {
    try {
      return await this.broker.requestTo(instance, operation, payload, this.commandOptions(request));
    } catch (error) {
      throw refusalOfSwitch(error);
    }
  }

  askAll<Request, Response>(
    operation: Operation<Request, Response>,
    payload: Request,
    request: ApiRequest,
  ): Promise<GatheredAnswers<Response>> {
    return this.broker.requestAll(operation, payload, this.options(request));
  }

  private commandOptions(request: ApiRequest): { timeoutMs: number; traceparent?: string } {
    const timeoutMs = Math.max(this.timeoutMs, COMMAND_PROOF_MS + COMMAND_WAY_MS);
    return { ...this.options(request), timeoutMs };
  }

  private options({ traceparent }: ApiRequest): { timeoutMs: number; traceparent?: string } {
    return { timeoutMs: this.timeoutMs, ...(traceparent === undefined ? {} : { traceparent }) };
  }
}
