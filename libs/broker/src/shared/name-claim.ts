import { AppError, type Clock, deferred, type Logger, memoised, messageOf } from '@ringdown/core';
import type { Claim, ClaimListeners, OperationHandler, Subscription } from '../broker';
import type { BrokerObserver } from '../observer';
import { DEFAULT_CONCURRENCY, RequestDispatcher } from './request-dispatcher';
import { encodeError } from './rpc-codec';
import type { IncomingRequest, Transport } from './transport';

export interface NameClaimOptions {
  readonly transport: Transport;
  readonly service: string;
  readonly name: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly observer: BrokerObserver;
}

/** A name held through the transport, with the operations that answer in it. */
export class NameClaim implements Claim {
  readonly close = memoised(() => this.doClose());
  private readonly dispatcher: RequestDispatcher;
  private subscription: Subscription | undefined;
  private isHeld = false;
  private closing = false;
  private underWay = 0;
  private idle = deferred();

  constructor(
    private readonly options: NameClaimOptions,
    handlers: readonly OperationHandler[],
    private readonly listeners: ClaimListeners,
  ) {
    const { service, clock, logger, observer } = options;
    this.dispatcher = new RequestDispatcher(service, clock, logger, observer);
    this.dispatcher.add(handlers);
  }

  get held(): boolean {
    return this.isHeld;
  }

  /** Resolves after the first attempt. */
  async open(): Promise<void> {
    const { transport, name } = this.options;
    this.subscription = await transport.claim(
      name,
      { concurrency: DEFAULT_CONCURRENCY },
      (request) => this.answer(request),
      { onHeld: () => this.onHeld(), onLost: (reason) => this.onLost(reason) },
    );
  }

  private onHeld(): void {
    if (this.isHeld) return;
    this.isHeld = true;
    this.options.logger.info('name held', { name: this.options.name });
    this.guarded(() => this.listeners.onHeld());
  }

  private onLost(reason: string): void {
    if (!this.isHeld) return;
    this.isHeld = false;
    this.options.logger.warn('name lost', { name: this.options.name, reason });
    this.guarded(() => this.listeners.onLost(reason));
  }

  private async answer(request: IncomingRequest): Promise<Buffer | undefined> {
    if (this.closing)
      return encodeError(new AppError('unavailable', `${this.options.name} is being given up`));
    this.underWay += 1;
    try {
      return await this.dispatcher.answer(request);
    } finally {
      this.underWay -= 1;
      if (this.underWay === 0) this.idle.resolve();
    }
  }

  /** While handlers still act in the name nobody else may have it; whoever asks meanwhile is sent away at once. */
  private async doClose(): Promise<void> {
    this.closing = true;
    while (this.underWay > 0) {
      this.idle = deferred();
      await this.idle.promise;
    }
    await this.subscription?.close();
    this.isHeld = false;
  }

  private guarded(run: () => void): void {
    try {
      run();
    } catch (error) {
      this.options.logger.error('claim listener failed', {
        name: this.options.name,
        error: messageOf(error),
      });
    }
  }
}
