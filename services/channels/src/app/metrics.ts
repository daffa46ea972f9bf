import type { FoldOutcome, FoldRejection } from '../domain/channel-registry';

/** What this service counts. */
export interface ChannelsMetrics {
  folded(outcome: FoldOutcome): void;
  rejected(reason: FoldRejection): void;
  /** From the time an entry carries until it was folded. */
  lag(ms: number): void;
  expired(channels: number): void;
  truncated(): void;
  reset(): void;
}
