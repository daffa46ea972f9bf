import { performance } from 'node:perf_hooks';

/** Milliseconds on a clock that all processes of this machine share. */
export function sharedNowMs(): number {
  return performance.timeOrigin + performance.now();
}

/** An open-loop load: `burst` events every `intervalMs`, whether or not the system keeps up. */
export interface Load {
  readonly events: number;
  readonly burst: number;
  readonly intervalMs: number;
}

/**
 * Calls `emit` for each event with the time it was due. Latency is measured from that time, not from when the generator
 * came to it, so a stalled generator does not hide a slow system.
 */
export async function runSchedule(
  load: Load,
  emit: (sequence: number, dueMs: number) => void,
): Promise<void> {
  const startMs = sharedNowMs() + 20;
  let sequence = 0;
  await new Promise<void>((resolve) => {
    const tick = (): void => {
      for (;;) {
        if (sequence >= load.events) return resolve();
        const dueMs = startMs + Math.floor(sequence / load.burst) * load.intervalMs;
        const waitMs = dueMs - sharedNowMs();
        if (waitMs > 0) {
          setTimeout(tick, waitMs);
          return;
        }
        emit(sequence, dueMs);
        sequence += 1;
      }
    };
    tick();
  });
}

/** How long a load lasts, in milliseconds. */
export function durationMs(load: Load): number {
  return (load.events / load.burst) * load.intervalMs;
}
