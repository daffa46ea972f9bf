import {
  AppError,
  backoffMs,
  isAppError,
  messageOf,
  pause,
  type BackoffOptions,
  type Logger,
} from '@ringdown/core';

export interface WaitForOptions {
  /** What is waited for, for example `PostgreSQL at db:5432`. */
  readonly what: string;
  /** Resolves when it is there. */
  readonly attempt: () => Promise<void>;
  readonly logger: Logger;
  /** Ends the wait with AppError `closed`. */
  readonly signal: AbortSignal;
  readonly backoff?: BackoffOptions;
}

const BACKOFF: BackoffOptions = { initialMs: 250, maxMs: 5000 };

/**
 * Tries until it succeeds: a service that starts before what it depends on waits for it. Says so in the log, at first and
 * then at every doubling of the attempts. An AppError that is not retryable ends the wait: waiting would not help.
 */
export async function waitFor(options: WaitForOptions): Promise<void> {
  const { what, attempt, logger, signal } = options;
  for (let count = 0; ; count += 1) {
    if (signal.aborted) throw new AppError('closed', `stopped while waiting for ${what}`);
    try {
      await attempt();
      if (count > 0) logger.info(`${what} is there`);
      return;
    } catch (error) {
      if (isAppError(error) && !error.retryable) throw error;
      const doubled = (count & (count - 1)) === 0;
      if (doubled) logger.warn(`waiting for ${what}`, { attempts: count + 1, reason: reasonOf(error) });
    }
    await pause(backoffMs(count, options.backoff ?? BACKOFF), signal);
  }
}

/** Our own words tell little here ("not available"); the driver's cause tells more. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  return cause === undefined ? messageOf(error) : `${messageOf(error)}: ${messageOf(cause)}`;
}
