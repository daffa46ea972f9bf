import {
  backoffMs,
  isAppError,
  memoised,
  messageOf,
  pause,
  type Lifecycle,
  type Logger,
} from '@ringdown/core';

const RETRY = { initialMs: 200, maxMs: 5_000 };

/** Brings the database to where a program needs it. Waits for a server that is away. */
export class Schema implements Lifecycle {
  private readonly ended = new AbortController();
  private done = false;

  constructor(
    /** Run again until the database answers; gives up when the signal aborts. */
    private readonly prepare: (signal: AbortSignal) => Promise<void>,
    private readonly logger: Logger,
  ) {}

  get ready(): boolean {
    return this.done;
  }

  /** Errors: what waiting cannot mend, for example a server that is too old. */
  readonly start = memoised(async () => {
    for (let attempt = 0; !this.ended.signal.aborted; attempt += 1) {
      try {
        await this.prepare(this.ended.signal);
        this.done = true;
        return;
      } catch (error) {
        if (this.ended.signal.aborted) return;
        if (!isAppError(error) || error.code !== 'unavailable') throw error;
        this.logger.warn('waiting for the database', { reason: messageOf(error.cause ?? error) });
        await pause(backoffMs(attempt, RETRY), this.ended.signal);
      }
    }
  });

  readonly stop = memoised(() => {
    this.ended.abort();
    return Promise.resolve();
  });
}
