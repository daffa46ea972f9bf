/** The part of `process` that tells of signals and of errors nobody caught. */
export interface EventSource {
  on(event: string, listener: (argument: unknown) => void): unknown;
  off(event: string, listener: (argument: unknown) => void): unknown;
}

export interface ShutdownListeners {
  /** The first signal: stop cleanly. */
  onStop(signal: string): void;
  /** A further signal: end at once. */
  onForce(signal: string): void;
  /** An exception or rejection nobody caught; the process is in an unknown state. */
  onCrash(error: unknown, kind: 'exception' | 'rejection'): void;
}

/** SIGHUP: the terminal was closed. SIGBREAK: Ctrl-Break on Windows, which knows no SIGTERM. */
const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGBREAK'] as const;

/**
 * A Ctrl-C reaches a process twice when its parent (npm, a shell) passes it on as well; what comes within this time is
 * the same request.
 */
const SAME_REQUEST_MS = 500;

/** Listens until the returned function is called. */
export function listenForShutdown(
  source: EventSource,
  listeners: ShutdownListeners,
  now: () => number = () => performance.now(),
): () => void {
  let firstAt: number | undefined;
  const onSignal = (signal: string): void => {
    const at = now();
    if (firstAt === undefined) {
      firstAt = at;
      listeners.onStop(signal);
    } else if (at - firstAt >= SAME_REQUEST_MS) {
      listeners.onForce(signal);
    }
  };
  const entries: [string, (argument: unknown) => void][] = [
    ...SIGNALS.map((signal): [string, () => void] => [signal, () => onSignal(signal)]),
    ['uncaughtException', (error) => listeners.onCrash(error, 'exception')],
    ['unhandledRejection', (error) => listeners.onCrash(error, 'rejection')],
  ];
  for (const [event, listener] of entries) source.on(event, listener);
  return () => {
    for (const [event, listener] of entries) source.off(event, listener);
  };
}
