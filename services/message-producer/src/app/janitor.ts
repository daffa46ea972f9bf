import { memoised, messageOf, pause, type Clock, type Lifecycle, type Logger } from '@ringdown/core';
import type { Stores } from '../ports';
import { REMEMBER_MS } from './writer';

const INTERVAL_MS = 10 * 60 * 1000;
/** Rows a statement deletes at most: a backlog of days must not run into the statement timeout, every time from the start. */
const PIECE = 5_000;

/** Forgets remembered answers after a day and the sessions of visitors that have expired. */
export class Janitor implements Lifecycle {
  private readonly ended = new AbortController();
  private loop: Promise<void> | undefined;

  constructor(
    private readonly stores: Pick<Stores, 'requests' | 'sessions'>,
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
    await this.all(() => this.stores.requests.forgetBefore(now - REMEMBER_MS, PIECE));
    await this.all(() => this.stores.sessions.forgetBefore(now, PIECE));
  }

  private async all(forget: () => Promise<number>): Promise<void> {
    while (!this.ended.signal.aborted && (await forget()) === PIECE);
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
