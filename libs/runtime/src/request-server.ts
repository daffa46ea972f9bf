import type { Broker, OperationHandler, Subscription } from '@ringdown/broker';
import { memoised, type Lifecycle } from '@ringdown/core';

/** Answers requests from start to stop; stopping waits for those under way. */
export class RequestServer implements Lifecycle {
  private subscription: Subscription | undefined;

  constructor(
    private readonly broker: Pick<Broker, 'serve'>,
    private readonly handlers: readonly OperationHandler[],
  ) {}

  readonly start = memoised(async () => {
    this.subscription = await this.broker.serve(this.handlers);
  });

  readonly stop = memoised(async () => {
    await this.subscription?.close();
  });
}
