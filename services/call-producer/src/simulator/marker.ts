import { newId } from '@ringdown/core';

/** By what the simulator knows its own documents, the demo directory apart: those of the switch, and those of this run. */
export interface Marks {
  readonly simulated_by: string;
  readonly simulated_run: string;
}

export function newMarks(switchId: string): Marks {
  return { simulated_by: switchId, simulated_run: newId() };
}

const SETTLE_TIMEOUT_MS = 1_000;

/** Waits a moment for work whose outcome does not matter: the next start cleans up. */
export async function settleQuietly(work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, SETTLE_TIMEOUT_MS);
  });
  await Promise.race([work.catch(() => undefined), late]);
  clearTimeout(timer);
}
