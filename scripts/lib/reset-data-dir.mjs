import { existsSync, readdirSync, rmSync } from 'node:fs';
import { ToolError } from './tool.mjs';

/** What a data directory holds; a folder with anything else in it is somebody's own. */
const OURS = /^(database|auth-secret|bootstrap-password|ringdown\.lock)(\..*)?$/;

/**
 * Deletes a data directory that no process uses.
 *
 * @param {string} directory
 * @param {() => Promise<boolean>} confirm asked last
 * @param {(directory: string) => Promise<{ release(): Promise<void> }>} [lock] rejects while a process holds it
 * @returns {Promise<'absent' | 'kept' | 'deleted'>}
 */
export async function resetDataDir(directory, confirm, lock = lockDataDir) {
  if (!existsSync(directory)) return 'absent';
  const foreign = readdirSync(directory).filter((name) => !OURS.test(name));
  if (foreign.length > 0) {
    throw new ToolError(
      `${directory} holds ${foreign[0]}, which is not ours; delete the folder by hand if you mean it.`,
    );
  }
  // Held while asking and deleting, so that nothing can start in between.
  const held = await lock(directory).catch((error) => {
    throw new ToolError(`Not deleted: ${error.message}.`);
  });
  try {
    if (!(await confirm())) return 'kept';
    rmSync(directory, { recursive: true, force: true, maxRetries: 3 });
    return 'deleted';
  } finally {
    await held.release();
  }
}

/** The lock of the running system itself, from the built library. */
async function lockDataDir(directory) {
  const database = await import('@ringdown/database').catch(() => {
    throw new ToolError('Ringdown is not built yet; run npm start (or npm run build) first.');
  });
  return database.lockDataDir(directory);
}
