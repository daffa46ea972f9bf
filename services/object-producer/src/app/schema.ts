import {
  backoffMs,
  isAppError,
  memoised,
  messageOf,
  pause,
  type Lifecycle,
  type Logger,
} from '@ringdown/core';
import type { BootstrapSettings } from '@ringdown/config';
import type { Bootstrap, BootstrapResult } from '../accounts/bootstrap';

const RETRY = { initialMs: 200, maxMs: 5_000 };

/** Brings the database to where this program needs it: tables, then the root account. Waits for a server that is away. */
export class Schema implements Lifecycle {
  private readonly ended = new AbortController();
  private done = false;
  private result: BootstrapResult | undefined;

  constructor(
    /** Brings the tables up to date; gives up when the signal aborts. */
    private readonly migrate: (signal: AbortSignal) => Promise<void>,
    private readonly bootstrap: Bootstrap,
    private readonly settings: BootstrapSettings,
    private readonly logger: Logger,
  ) {}

  get ready(): boolean {
    return this.done;
  }

  /** Of the root account, once started; undefined while there is none. */
  get root(): BootstrapResult | undefined {
    return this.result;
  }

  /** Errors: what waiting cannot mend, for example a server that is too old. */
  readonly start = memoised(async () => {
    for (let attempt = 0; !this.ended.signal.aborted; attempt += 1) {
      try {
        await this.migrate(this.ended.signal);
        await this.bootstrapped();
        this.done = true;
        return;
      } catch (error) {
        if (this.ended.signal.aborted) return;
        if (!isAppError(error) || error.code !== 'unavailable') throw error;
        const { cause } = error;
        this.logger.warn('waiting for the database', { reason: messageOf(cause ?? error) });
        await pause(backoffMs(attempt, RETRY), this.ended.signal);
      }
    }
  });

  readonly stop = memoised(() => {
    this.ended.abort();
    return Promise.resolve();
  });

  private async bootstrapped(): Promise<void> {
    const { accountName, username, password, email } = this.settings;
    if (accountName !== undefined && username !== undefined && password !== undefined) {
      this.result = await this.bootstrap.run({ accountName, username, password, email });
      return;
    }
    const accountId = await this.bootstrap.rootId();
    if (accountId !== undefined) this.result = { created: false, accountId };
    else {
      this.logger.warn(
        'there is no account yet: set RINGDOWN_BOOTSTRAP_ACCOUNT_NAME, _USERNAME and _PASSWORD and start again',
      );
    }
  }
}
