import { readFileSync, readdirSync } from 'node:fs';

/** Environment variable that marks every process of one test run. No setting of the product, so services ignore it. */
export const RUN_MARKER = 'TEST_RUN_MARKER';

/** A process that should not be there any more. */
export interface Leftover {
  readonly pid: number;
  readonly command: string;
}

/**
 * Processes whose environment carries this run's marker, this one excepted: also those whose parents are gone. Known on
 * Linux only; elsewhere the list is empty.
 */
export function leftoversOf(marker: string): Leftover[] {
  if (process.platform !== 'linux') return [];
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((pid) => read(`/proc/${pid}/environ`).split('\0').includes(`${RUN_MARKER}=${marker}`))
    .map((pid) => ({
      pid: Number(pid),
      command: read(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').trim().slice(0, 200),
    }));
}

/** Empty for a process that ended meanwhile, waits to be reaped, or belongs to somebody else. */
function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
