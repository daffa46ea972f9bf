import { BLACKHOLE, instanceTagOf, type Operation } from '@ringdown/contracts';
import { AppError, isAppError } from '@ringdown/core';
import type { ApiRequest } from '../front/request';
import type { ApiBroker, Rpc } from './rpc';

/** Asks the instance that a socket's id leads to, and nobody else. */
export class SocketHolder {
  constructor(
    private readonly rpc: Rpc,
    private readonly broker: ApiBroker,
  ) {}

  /** Errors: `not_found` (no such instance, or it is gone and its sockets with it), `unavailable`, the operation's. */
  async ask<Payload, Response>(
    socketId: string,
    operation: Operation<Payload, Response>,
    payload: Payload,
    request: ApiRequest,
  ): Promise<Response> {
    this.requireBroker();
    const holder = this.broker
      .instances(BLACKHOLE)
      .find(({ instance }) => /^[0-9a-f]{32}$/.test(socketId) && instance.endsWith(instanceTagOf(socketId)));
    if (!holder) throw unknownSocket();
    try {
      return await this.rpc.askInstance(holder.instance, operation, payload, request);
    } catch (error) {
      // The broker stands but the instance does not: its sockets are gone with it.
      if (isAppError(error) && error.code === 'unavailable' && this.isReady()) throw unknownSocket();
      throw error;
    }
  }

  /** Without the broker an empty list would be a lie. Error: `unavailable`. */
  requireBroker(): void {
    if (!this.isReady()) throw new AppError('unavailable', 'the message broker cannot be reached, try again');
  }

  private isReady(): boolean {
    const { state } = this.broker.status();
    return state === 'ready' || state === 'blocked';
  }
}

function unknownSocket(): AppError {
  return new AppError('not_found', 'no such socket');
}
