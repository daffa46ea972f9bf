import { AsyncLocalStorage } from 'node:async_hooks';

/** Whose doing this is: what a client or the first service called the request that caused it. */
export interface Trace {
  /** Chosen by the client or made for it; identifies nothing but log lines and messages that belong together. */
  readonly requestId: string;
  /** W3C trace context, when the client sent one. */
  readonly traceparent?: string | undefined;
}

const current = new AsyncLocalStorage<Trace | undefined>();

/** Runs `work`, and everything it starts, in the name of a request: log lines and messages carry its id. */
export function withTrace<T>(trace: Trace, work: () => T): T {
  return current.run(trace, work);
}

/**
 * Runs `work` in nobody's name: for what a request happens to start but others share, such as a connection, a timer or a
 * queue's next turn.
 */
export function withoutTrace<T>(work: () => T): T {
  return current.getStore() === undefined ? work() : current.run(undefined, work);
}

/** The request in whose name this runs; undefined outside of any. */
export function currentTrace(): Trace | undefined {
  return current.getStore();
}
