import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildNeeded, digest, fingerprint, installNeeded } from './prepare-decisions.mjs';
import { ToolError } from './tool-error.mjs';

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

const INSTALL_STAMP = join('node_modules', '.cache', 'ringdown', 'install');
const BUILD_STAMPS = join('.cache', 'build');
/** Refers to every library and service. */
const DEFAULT_TARGETS = ['services/standalone'];

/** A preparation step that failed; its message is the one sentence for the person at the terminal. */
export class PrepareError extends ToolError {}

/**
 * Installs dependencies if the lock file changed and builds if sources changed. With nothing to do it takes
 * milliseconds and needs no network. Throws a PrepareError.
 *
 * @param {{ quiet?: boolean, build?: boolean, targets?: string[] }} [options] quiet: no progress lines; build: false
 *   installs only; targets: the projects to build with all they refer to (default: every library and service)
 * @returns {{ installed: boolean, built: boolean }} what was done
 */
export function prepare({ quiet = false, build = true, targets = DEFAULT_TARGETS } = {}) {
  const say = quiet ? () => undefined : (line) => console.log(line);
  const installed = install(say);
  const built = build && compile(say, targets);
  return { installed, built };
}

function install(say) {
  const lockText = readFileSync(join(root, 'package-lock.json'), 'utf8');
  const stamp = readIfThere(INSTALL_STAMP);
  const installedText = readIfThere(join('node_modules', '.package-lock.json'));
  const isThere = (path) => existsSync(join(root, path, 'package.json'));
  const needed = installNeeded({ lockText, stamp, installedText, isThere });
  if (needed) {
    say('Installing dependencies …');
    // npm ci starts by removing everything, too, but leaves what it finds half removed when it cannot. Gone first is what
    // says that packages are installed, so that an install that was broken off is not taken for one.
    rmSync(join(root, 'node_modules', '.package-lock.json'), { force: true });
    rmSync(join(root, 'node_modules'), { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
    const options = ['--include=dev', '--no-audit', '--no-fund', '--loglevel=error'];
    // npm ci refuses a lock file that was written where another platform's optional packages could not be seen; npm
    // install takes the locked versions too and adds what this platform needs.
    const done = npm(['ci', ...options], 'ignore') === 0 || npm(['install', '--no-save', ...options]) === 0;
    if (!done) throw new PrepareError('Installing the dependencies failed; check the network and try again.');
  }
  if (stamp !== digest(lockText)) writeStamp(INSTALL_STAMP, digest(lockText));
  return needed;
}

function compile(say, targets) {
  const known = ['libs', 'services'].flatMap((folder) => projectsIn(folder));
  const projects = [...new Set([...known, ...targets.map((target) => join(target))])];
  const stampPath = join(BUILD_STAMPS, targets.join('+').replaceAll('/', '-'));
  const sources = fingerprint([
    ...projects.flatMap((project) => filesUnder(join(project, 'src'))),
    ...projects.map((project) => join(project, 'tsconfig.json')).map(describeFile),
    ...['tsconfig.base.json', join('node_modules', '.package-lock.json')].map(describeFile),
  ]);
  const outputsPresent = projects.every((project) =>
    ['index.js', 'main.js'].some((entry) => existsSync(join(root, project, 'dist', entry))),
  );
  if (!buildNeeded({ sources, stamp: readIfThere(stampPath), outputsPresent })) return false;

  say('Building …');
  const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  // An output that went missing is invisible to the incremental check.
  const args = [compiler, '-b', ...targets, ...(outputsPresent ? [] : ['--force'])];
  const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' });
  if (status !== 0) throw new PrepareError('The build failed; the compiler says why above.');
  writeStamp(stampPath, sources);
  return true;
}

/** Runs npm with `args` in the repository and returns its exit code. */
export function npm(args, stdio = 'inherit') {
  const cli = process.env.npm_execpath;
  const options = { cwd: root, stdio };
  if (cli?.endsWith('.js')) return spawnSync(process.execPath, [cli, ...args], options).status ?? 1;
  // npm is a .cmd file on Windows, which only a shell can run; the arguments are ours and need no quoting.
  return spawnSync(`npm ${args.join(' ')}`, { ...options, shell: true }).status ?? 1;
}

function projectsIn(folder) {
  return readdirSync(join(root, folder))
    .map((name) => join(folder, name))
    .filter((path) => existsSync(join(root, path, 'tsconfig.json')));
}

function filesUnder(folder) {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? filesUnder(path) : [describeFile(path)];
  });
}

function describeFile(path) {
  const { mtimeMs, size } = statSync(join(root, path));
  return { path: relative('.', path), mtimeMs, size };
}

function readIfThere(path) {
  try {
    return readFileSync(join(root, path), 'utf8');
  } catch {
    return undefined;
  }
}

function writeStamp(path, text) {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}
