import { link, mkdir, readFile, rename, unlink, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { AppError } from '@ringdown/core';

/** Held until released or until the process is gone. */
export interface DataDirLock {
  readonly path: string;
  release(): Promise<void>;
}

interface LockOwner {
  readonly pid: number;
  /** What tells two processes with the same pid apart; null where the system does not say. */
  readonly startedAt: string | null;
}

const FILE = 'ringdown.lock';

/** Directories held by this process and how often: a second part of the same process may use its directory too. */
const heldHere = new Map<string, number>();

/**
 * Keeps other processes away from a data directory, which is made when missing. A lock whose process is gone is taken
 * over. Errors: `conflict`, in one sentence with the directory, the pid and the way out.
 *
 * Processes that do not see each other's pids (containers sharing a volume) are not kept apart.
 */
export async function lockDataDir(directory: string): Promise<DataDirLock> {
  await mkdir(directory, { recursive: true });
  const path = join(resolve(directory), FILE);
  const count = heldHere.get(path) ?? 0;
  heldHere.set(path, count + 1);
  try {
    if (count === 0) await acquire(path, directory);
  } catch (error) {
    heldHere.set(path, (heldHere.get(path) ?? 1) - 1);
    throw error;
  }
  let released = false;
  return {
    path,
    release: async () => {
      if (released) return;
      released = true;
      const left = (heldHere.get(path) ?? 1) - 1;
      heldHere.set(path, left);
      if (left === 0) await unlink(path).catch(() => undefined);
    },
  };
}

async function acquire(path: string, directory: string): Promise<void> {
  const owner: LockOwner = { pid: process.pid, startedAt: await startOf(process.pid) };
  const mine = `${path}.${process.pid}`;
  await writeFile(mine, JSON.stringify(owner));
  try {
    for (;;) {
      // A link appears complete or not at all, so nobody reads a half-written lock.
      if (await linked(mine, path)) return;
      const found = await readFile(path, 'utf8').catch(() => undefined);
      if (found === undefined) continue;
      const other = parseOwner(found);
      if (other && (await isAlive(other))) throw conflict(directory, other.pid, path);
      await removeStale(path, found, directory);
    }
  } finally {
    await unlink(mine).catch(() => undefined);
  }
}

/** Moves the stale lock aside; puts it back when it was replaced by a living one in the meantime. */
async function removeStale(path: string, stale: string, directory: string): Promise<void> {
  const aside = `${path}.stale.${process.pid}`;
  try {
    await rename(path, aside);
  } catch {
    return;
  }
  const moved = await readFile(aside, 'utf8').catch(() => stale);
  if (moved !== stale) {
    await linked(aside, path);
    await unlink(aside).catch(() => undefined);
    throw conflict(directory, parseOwner(moved)?.pid ?? 0, path);
  }
  await unlink(aside).catch(() => undefined);
}

async function linked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    // A file system without hard links: fall back to an exclusive write.
    return writtenExclusively(to, await readFile(from, 'utf8'));
  }
}

async function writtenExclusively(path: string, text: string): Promise<boolean> {
  try {
    await writeFile(path, text, { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function parseOwner(text: string): LockOwner | undefined {
  try {
    const value = JSON.parse(text) as Partial<LockOwner> | null;
    return typeof value?.pid === 'number'
      ? { pid: value.pid, startedAt: value.startedAt ?? null }
      : undefined;
  } catch {
    return undefined;
  }
}

async function isAlive(owner: LockOwner): Promise<boolean> {
  // Our own pid and not held by us: left by an earlier process, as in a container where every main process is 1.
  if (owner.pid === process.pid) return false;
  try {
    process.kill(owner.pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  return owner.startedAt === null || (await startOf(owner.pid)) === owner.startedAt;
}

/** Boot and start time of a process where /proc tells them, so that a reused pid does not look like the owner. */
async function startOf(pid: number): Promise<string | null> {
  try {
    const [stat, boot] = await Promise.all([
      readFile(`/proc/${pid}/stat`, 'utf8'),
      readFile('/proc/sys/kernel/random/boot_id', 'utf8'),
    ]);
    // Field 22 of proc(5); the command name in field 2 may hold spaces, so count after its closing parenthesis.
    const startTicks = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
    return startTicks === undefined ? null : `${boot.trim()}:${startTicks}`;
  } catch {
    return null;
  }
}

function conflict(directory: string, pid: number, path: string): AppError {
  return new AppError(
    'conflict',
    `the data directory ${resolve(directory)} is in use by process ${pid}: stop that process, set RINGDOWN_DATA_DIR to another folder, or, if it is no Ringdown process, delete ${path}`,
    { details: { directory: resolve(directory), pid } },
  );
}
