import { pause } from '@ringdown/core';
import type { Readiness } from '@ringdown/runtime';
import { banner, READY, type BannerFacts } from './banner';

const LOOK_EVERY_MS = 100;
/** What takes longer is not about to be ready: a switch that cannot be reached, a broker that is full. */
const PATIENCE_MS = 10_000;

export interface AnnounceOptions {
  /** The same that `/readyz` answers. */
  readonly readiness: () => Readiness;
  readonly facts: Omit<BannerFacts, 'notReady'>;
  readonly write: (text: string) => void;
  /** Ends all waiting; nothing is written from then on. */
  readonly stopping: AbortSignal;
  readonly patienceMs?: number;
}

/**
 * Prints the banner once the system is ready. Where that takes too long it is printed with what is missing, and the good
 * news follow by themselves; the promise resolves after the banner in both cases.
 */
export async function announce(options: AnnounceOptions): Promise<void> {
  const { readiness, facts, write, stopping, patienceMs = PATIENCE_MS } = options;
  const until = Date.now() + patienceMs;
  const isReady = (): boolean => readiness().ready;
  while (!isReady() && Date.now() < until && !stopping.aborted) await pause(LOOK_EVERY_MS, stopping);
  if (stopping.aborted) return;
  const { ready, checks } = readiness();
  write(banner({ ...facts, notReady: ready ? [] : faultsOf(checks) }));
  if (!ready) void announceLate(isReady, write, stopping);
}

async function announceLate(
  isReady: () => boolean,
  write: (text: string) => void,
  stopping: AbortSignal,
): Promise<void> {
  while (!isReady() && !stopping.aborted) await pause(LOOK_EVERY_MS, stopping);
  if (!stopping.aborted) write(`\n${READY}\n`);
}

function faultsOf(checks: Readiness['checks']): string[] {
  return Object.entries(checks)
    .filter(([, state]) => state !== 'ok')
    .map(([check, state]) => `${check}: ${state}`);
}
