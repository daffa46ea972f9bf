import type { Clock, Logger } from '@ringdown/core';
import type { OperationHandler, Subscription } from '../broker';
import { noObserver } from '../observer';
import { DEFAULT_CONCURRENCY, RequestDispatcher } from './request-dispatcher';
import type { Transport } from './transport';

/**
 * Answers requests of one service. Several parts of a service may each serve their operations; all share one intake,
 * because a queue's consumers cannot choose which requests they get.
 */
export class RpcServer {
  private readonly dispatcher: RequestDispatcher;
  private intake: Promise<Subscription> | undefined;

  constructor(
    private readonly transport: Transport,
    service: string,
    clock: Clock,
    logger: Logger,
    observer = noObserver,
  ) {
    this.dispatcher = new RequestDispatcher(service, clock, logger, observer);
  }

  /** Adds operations; the concurrency of the first call that opens the intake holds. */
  async serve(
    handlers: readonly OperationHandler[],
    concurrency = DEFAULT_CONCURRENCY,
  ): Promise<Subscription> {
    this.dispatcher.add(handlers);
    if (this.intake === undefined) {
      this.dispatcher.concurrency = concurrency;
      this.intake = this.transport.serveRequests({ concurrency }, (it) => this.dispatcher.answer(it));
    }
    const intake = this.intake;
    try {
      await intake;
    } catch (error) {
      this.dispatcher.remove(handlers);
      if (this.intake === intake) this.intake = undefined;
      throw error;
    }
    return {
      close: async () => {
        // The last one out stops the intake first, so that no request meets a missing handler.
        const last = this.dispatcher.operations.every((it) => handlers.includes(it));
        if (last && this.intake === intake) {
          this.intake = undefined;
          await (await intake).close();
        }
        this.dispatcher.remove(handlers);
      },
    };
  }
}
