import { memoised, messageOf, pause, withDeadline, type Lifecycle, type Logger } from '@ringdown/core';
import type { Database } from './database';

const INTERVAL_MS = 2_000;
const TIMEOUT_MS = 2_000;

/** Asks the database every two seconds whether it is there, so that a probe gets its answer at once. */
export class DatabaseHealth implements Lifecycle {
  private readonly ended = new AbortController();
  private loop: Promise<void> | undefined;
  private reason = 'not asked yet';

  constructor(
    private readonly database: Database,
    private readonly logger: Logger,
  ) {}

  /** `ok` or one sentence why not. */
  get state(): string {
    return this.reason;
  }

  readonly start = memoised(async () => {
    await this.check();
    this.loop = this.run();
  });

  readonly stop = memoised(async () => {
    this.ended.abort();
    await this.loop;
  });

  private async run(): Promise<void> {
    while (!this.ended.signal.aborted) {
      await pause(INTERVAL_MS, this.ended.signal);
      if (!this.ended.signal.aborted) await this.check();
    }
  }

  private async check(): Promise<void> {
    let reason = 'ok';
    try {
      await withDeadline(this.database.ping(), TIMEOUT_MS, 'database ping');
    } catch (error) {
      reason = messageOf(error);
    }
    if (reason !== this.reason) {
      this.logger[reason === 'ok' ? 'info' : 'warn']('database state changed', { state: reason });
    }
    this.reason = reason;
  }
}
