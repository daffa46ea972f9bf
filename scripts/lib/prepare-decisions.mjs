import { createHash } from 'node:crypto';

/** A short name for a text; equal texts have equal names. */
export function digest(text) {
  return createHash('sha256').update(text).digest('hex');
}

/** One line per file, in path order, so that the digest changes with every added, removed or touched file. */
export function fingerprint(files) {
  const lines = files.map(({ path, mtimeMs, size }) => `${path} ${mtimeMs} ${size}`);
  return digest(lines.sort().join('\n'));
}

/**
 * Whether node_modules must be made anew. `stamp` is the digest of the lock file at the last install by these scripts;
 * when it is another one, what npm says it installed (`node_modules/.package-lock.json`) and what is there decide, so that
 * an install by hand counts as well, but not one that was broken off.
 */
export function installNeeded({ lockText, stamp, installedText, isThere }) {
  if (installedText === undefined) return true;
  const installed = JSON.parse(installedText);
  const complete = Object.keys(installed.packages).filter(isDependency).every(isThere);
  return !complete || (stamp !== digest(lockText) && !installedMatches(JSON.parse(lockText), installed));
}

function installedMatches(lock, installed) {
  return Object.entries(lock.packages).every(([path, wanted]) => {
    if (!isDependency(path)) return true;
    const found = installed.packages[path];
    // Optional packages are for other operating systems; npm leaves out what does not fit.
    if (found === undefined) return wanted.optional === true || wanted.devOptional === true;
    return found.version === wanted.version && found.link === wanted.link;
  });
}

/** The others are the workspaces themselves. */
function isDependency(path) {
  return path.includes('node_modules/');
}

/** Whether the compiler must run: sources or dependencies changed since the last build, or an output is gone. */
export function buildNeeded({ sources, stamp, outputsPresent }) {
  return !outputsPresent || stamp !== sources;
}
