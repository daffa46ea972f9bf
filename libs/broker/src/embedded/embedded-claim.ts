import type { ClaimListeners } from '../broker';
import type { EmbeddedExchanges } from './embedded-exchanges';
import type { EmbeddedQueue } from './embedded-queue';
import type { Subscription } from '../broker';

export interface EmbeddedClaimOptions {
  readonly exchanges: EmbeddedExchanges;
  readonly queue: string;
  readonly owner: object;
  /** Takes the requests of the queue this claim got. */
  readonly consume: (queue: EmbeddedQueue) => Subscription;
  readonly onClosed: (claim: EmbeddedClaim) => void;
}

/** Owns a request queue, or waits until its owner deletes it. */
export class EmbeddedClaim implements Subscription {
  private held: { readonly queue: EmbeddedQueue; readonly intake: Subscription } | undefined;
  private stopWaiting: (() => void) | undefined;

  constructor(
    private readonly options: EmbeddedClaimOptions,
    private readonly listeners: ClaimListeners,
  ) {
    this.attempt();
  }

  async close(): Promise<void> {
    this.options.onClosed(this);
    this.stopWaiting?.();
    const { held } = this;
    if (held === undefined) return;
    this.held = undefined;
    await held.intake.close();
    this.options.exchanges.delete(held.queue);
  }

  /** The owner's connection ends before the claim was given up. */
  lose(reason: string): void {
    this.stopWaiting?.();
    const { held } = this;
    if (held === undefined) return;
    this.held = undefined;
    void held.intake.close();
    this.options.exchanges.delete(held.queue);
    this.listeners.onLost(reason);
  }

  private attempt(): void {
    const { exchanges, queue: name, owner, consume } = this.options;
    if (exchanges.exists(name)) {
      this.stopWaiting = exchanges.onceFree(name, () => this.attempt());
      return;
    }
    const queue = exchanges.declare({ name, owner });
    this.held = { queue, intake: consume(queue) };
    this.listeners.onHeld();
  }
}
