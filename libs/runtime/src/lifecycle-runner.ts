import { memoised, messageOf, withDeadline, type Lifecycle, type Logger } from '@ringdown/core';
import type { Component } from './service-module';

export interface LifecycleRunnerOptions {
  readonly components: readonly Component[];
  /** Called first on stop, before any component is asked to end. */
  readonly beginDrain: () => void;
  readonly logger: Logger;
  /** For the whole stop, not per component. */
  readonly stopTimeoutMs: number;
}

/**
 * Starts components in order and stops them in reverse. A start that fails stops what was started and rejects with the
 * failure. A stop asked for during a start lets the component under way be told to stop too and starts nothing more.
 */
export class LifecycleRunner implements Lifecycle {
  private readonly begun: Component[] = [];
  private stopping = false;

  constructor(private readonly options: LifecycleRunnerOptions) {}

  readonly start = memoised(async () => {
    const { components, logger } = this.options;
    for (const component of components) {
      if (this.stopping) return;
      this.begun.push(component);
      logger.debug('starting', { component: component.name });
      try {
        await component.start();
      } catch (error) {
        // A start that fails because it was called off is not a failure.
        if (this.stopping) return;
        await this.stop().catch(() => undefined);
        throw error;
      }
    }
  });

  /** Rejects with `timeout`, naming what is left, when the components do not end in time. */
  readonly stop = memoised(async () => {
    this.stopping = true;
    const { logger, stopTimeoutMs } = this.options;
    this.options.beginDrain();
    const left = [...this.begun];
    const stopAll = async (): Promise<void> => {
      for (let component = left.at(-1); component; left.pop(), component = left.at(-1)) {
        logger.debug('stopping', { component: component.name });
        try {
          await component.stop();
        } catch (error) {
          logger.error('a part did not stop cleanly', { component: component.name, error });
        }
      }
    };
    try {
      await withDeadline(stopAll(), stopTimeoutMs, 'stopping');
    } catch (error) {
      const names = left.map(({ name }) => name).reverse();
      logger.error('not everything stopped in time', { left: names, reason: messageOf(error) });
      throw error;
    }
  });
}
