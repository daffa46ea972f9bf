/** Anything long-lived. Both verbs are idempotent; `stop` waits for a start under way and drains accepted work. */
export interface Lifecycle {
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** Runs an asynchronous function at most once and gives every caller the same promise. */
export function memoised<T>(run: () => Promise<T>): () => Promise<T> {
  let result: Promise<T> | undefined;
  return () => (result ??= run());
}
