import { createHash } from 'node:crypto';
import { AppError, pause } from '@ringdown/core';
import type { Database, Session, SessionOptions } from './database';

const RETRY_MS = 200;

/** The 64-bit key PostgreSQL knows a named lock by. */
export function lockKey(name: string): string {
  return createHash('sha256').update(`ringdown:${name}`).digest().readBigInt64BE(0).toString();
}

/**
 * Runs `run` while holding the named lock, on a connection of its own; waits for the present holder. `run` should do its
 * work through the session it is given: then nothing can be written after the lock was lost.
 */
export async function withAdvisoryLock<T>(
  database: Database,
  name: string,
  run: (session: Session) => Promise<T>,
  options: SessionOptions & { readonly signal?: AbortSignal | undefined } = {},
): Promise<T> {
  const { signal } = options;
  const session = await database.openSession(options);
  try {
    while (!(await session.tryLock(name))) {
      await pause(RETRY_MS, signal);
      if (signal?.aborted) throw new AppError('closed', `stopped while waiting for the lock ${name}`);
    }
    return await run(session);
  } finally {
    await session.close();
  }
}
