import { chmodSync, chownSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hold } from '../guard';
import type { SystemUser } from './programs';

/** A folder of its own that is deleted at the end, also after a crash of the test run. */
export function temporaryDirectory(prefix: string, user?: SystemUser): { path: string; remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), `${prefix}-`));
  const release = hold({ kind: 'directory', path });
  chmodSync(path, 0o700);
  if (user) chownSync(path, user.uid, user.gid);
  return {
    path,
    remove: () => {
      rmSync(path, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
      release();
    },
  };
}
