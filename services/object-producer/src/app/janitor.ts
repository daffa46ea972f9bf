import { memoised, messageOf, pause, type Clock, type Lifecycle, type Logger } from '@ringdown/core';
import type { Stores } from '../ports';
import { REMEMBER_MS } from './writer';

const INTERVAL_MS = 10 * 60 * 1000;
/** Rows a statement deletes at most: a backlog of days must not run into the statement timeout, every time from the start. */
const PIECE = 5_000;

/** Forgets remembered answers after a day and revocations of tokens that have expired anyway. */
export class Janitor implements Lifecycle {
  private readonly ended = new AbortController();
  private loop: Promise<void> | undefined;

  constructor(
    private readonly stores: Stores,
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
    while ((await this.stores.requests.forgetBefore(now - REMEMBER_MS, PIECE)) === PIECE) {
      if (this.ended.signal.aborted) return;
    }
    await this.stores.identity.forgetRevocationsBefore(Math.floor(now / 1000));
  }

  private async run(): Promise<void> {
    while (!this.ended.signal.aborted) {
      await this.sweep().catch((error: unknown) =>
        this.logger.debug('sweep put off', { reason: messageOf(error) }),
      );
      await pause(INTERVAL_MS, this.ended.signal);
    }
  }
}
