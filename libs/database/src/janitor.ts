import { memoised, messageOf, pause, type Clock, type Lifecycle, type Logger } from '@ringdown/core';

const INTERVAL_MS = 10 * 60 * 1000;
/** What one statement deletes at most. */
const PIECE = 5_000;

/** Forgets at most `limit` of what is too old at this time, Unix milliseconds, and says how many. */
export type Chore = (nowMs: number, limit: number) => Promise<number>;

/** Does the chores of a service's tables every ten minutes; one that fails is put off, not the others. */
export class Janitor implements Lifecycle {
  private readonly ended = new AbortController();
  private loop: Promise<void> | undefined;

  constructor(
    private readonly chores: readonly Chore[],
    private readonly clock: Clock,
    private readonly logger: Logger,
  ) {}

  readonly start = memoised(() => {
    this.loop = this.run();
    return Promise.resolve();
  });

  readonly stop = memoised(async () => {
    this.ended.abort();
    await this.loop;
  });

  async sweep(): Promise<void> {
    const now = this.clock();
    for (const chore of this.chores) {
      try {
        while (!this.ended.signal.aborted && (await chore(now, PIECE)) === PIECE);
      } catch (error) {
        this.logger.debug('sweep put off', { reason: messageOf(error) });
      }
    }
  }

  private async run(): Promise<void> {
    while (!this.ended.signal.aborted) {
      await this.sweep();
      await pause(INTERVAL_MS, this.ended.signal);
    }
  }
}
