import { messageOf, pause } from '@ringdown/core';

/** Settings of {@link waitUntil}. */
export interface WaitOptions {
  /** Default 10,000. */
  readonly timeoutMs?: number;
  /** Pause between two looks, default 20. */
  readonly intervalMs?: number;
  /** What is waited for, in the error's text; a function is asked at the deadline and may tell the last state. */
  readonly what?: string | (() => string);
}

/**
 * Looks again and again until `condition` gives something other than false, undefined or null, and returns that. A look
 * that throws counts as "not yet"; its error is named and kept as the cause when the deadline passes.
 */
export async function waitUntil<T>(
  condition: () => T | Promise<T>,
  options: WaitOptions = {},
): Promise<Exclude<T, false | undefined | null>> {
  const timeoutMs = options.timeoutMs ?? 10_000;
  const deadline = Date.now() + timeoutMs;
  let lastError: unknown;
  for (;;) {
    try {
      const value = await condition();
      if (value !== false && value !== undefined && value !== null) {
        return value as Exclude<T, false | undefined | null>;
      }
      lastError = undefined;
    } catch (error) {
      lastError = error;
    }
    if (Date.now() >= deadline) break;
    await pause(options.intervalMs ?? 20);
  }
  const what =
    typeof options.what === 'function' ? options.what() : (options.what ?? describeSource(condition));
  const why = lastError === undefined ? '' : `; the last look failed: ${messageOf(lastError)}`;
  throw new Error(
    `waited ${timeoutMs} ms in vain for ${what}${why}`,
    lastError === undefined ? {} : { cause: lastError },
  );
}

/** Without a name the condition's own source is the best description there is. */
function describeSource(condition: () => unknown): string {
  return condition
    .toString()
    .replace(/^(async\s*)?\(\)\s*=>\s*/, '')
    .replace(/\s+/g, ' ')
    .slice(0, 200);
}
