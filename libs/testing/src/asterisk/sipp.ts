import { installSipp } from '../servers/debian-packages';
import { findProgram } from '../servers/programs';
import type { StartContext } from '../servers/server';

/** The installed SIPp, Debian package `sip-tester`. */
export function installedSipp(): string | undefined {
  return findProgram('sipp');
}

/** Installs SIPp unless it is here. Errors: `ServerUnavailable`. */
export async function ensureSipp(context: StartContext = {}): Promise<void> {
  if (installedSipp() === undefined) await installSipp(context);
}
