import { type Clock, type Logger, messageOf } from '@ringdown/core';
import type { BrokerState, BrokerStatus } from '../broker';

/** The current status and who wants to know. A listener that throws is logged and does not disturb the others. */
export class StatusCell {
  private current: BrokerStatus;
  private readonly listeners = new Set<(status: BrokerStatus) => void>();

  constructor(
    private readonly clock: Clock,
    private readonly logger: Logger,
  ) {
    this.current = { state: 'connecting', sinceMs: clock() };
  }

  get(): BrokerStatus {
    return this.current;
  }

  set(state: BrokerState, reason?: string): void {
    if (this.current.state === state || this.current.state === 'stopped') return;
    this.current = {
      state,
      sinceMs: this.clock(),
      ...(reason === undefined ? {} : { reason }),
    };
    for (const listener of [...this.listeners]) {
      try {
        listener(this.current);
      } catch (error) {
        this.logger.error('status listener failed', { error: messageOf(error) });
      }
    }
  }

  subscribe(listener: (status: BrokerStatus) => void): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }
}
