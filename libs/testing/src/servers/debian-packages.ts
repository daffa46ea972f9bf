import { spawn } from 'node:child_process';
import { chmodSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { memoised } from '@ringdown/core';
import { hold } from '../guard';
import { onTeardown } from '../teardown';
import { findProgram } from './programs';
import { ServerUnavailable, type StartContext } from './server';

const POLICY = '/usr/sbin/policy-rc.d';
const NO_SERVICES =
  '#!/bin/sh\n# Placed by the tests of Ringdown while they install packages: start no service.\nexit 101\n';
const CLUSTER_SETTINGS = '/etc/postgresql-common/createcluster.conf';

/** What to install and which system services it would bring. */
export interface PackageRecipe {
  readonly packages: readonly string[];
  readonly services: readonly string[];
}

/** Undefined when packages may be installed here, else the reason why not. */
export function whyNoInstall(context: StartContext): string | undefined {
  if (!(context.mayInstall ?? process.env['RINGDOWN_TEST_INSTALL'] !== '0')) {
    return 'RINGDOWN_TEST_INSTALL=0 forbids to install it';
  }
  if (process.platform !== 'linux' || !existsSync('/etc/debian_version') || !findProgram('apt-get')) {
    return 'it can be installed by itself on Debian and Ubuntu only';
  }
  if (process.getuid?.() !== 0) return 'installing it takes root';
  return undefined;
}

/**
 * Installs Debian packages without starting a service, now or at the next boot; settings changed for that are put back.
 * Errors: {@link ServerUnavailable}.
 */
async function installPackages(recipe: PackageRecipe, context: StartContext): Promise<void> {
  const obstacle = whyNoInstall(context);
  if (obstacle !== undefined) throw new ServerUnavailable(obstacle);
  const names = recipe.packages.join(' ');
  context.say?.(
    `installing ${names} with apt-get (no service is started; RINGDOWN_TEST_INSTALL=0 forbids it) …`,
  );
  const restorePolicy = replaceFile(POLICY, NO_SERVICES, 0o755);
  try {
    // An outdated index is no reason to stop when the packages can be had all the same.
    await updateIndex().catch(() => undefined);
    await aptGet(['install', '-y', '-q', '--no-install-recommends', ...recipe.packages]);
    if (recipe.services.length > 0)
      await run('systemctl', ['disable', '--quiet', ...recipe.services]).catch(() => undefined);
  } catch (error) {
    throw new ServerUnavailable(`installing ${names} failed: ${(error as Error).message}`);
  } finally {
    restorePolicy();
  }
}

export function installRabbitMq(context: StartContext): Promise<void> {
  const recipe = { packages: ['rabbitmq-server'], services: ['rabbitmq-server', 'epmd.socket'] };
  return oneAtATime(() => installPackages(recipe, context));
}

/** SIPp, which plays the telephones of the tests. */
export function installSipp(context: StartContext): Promise<void> {
  return oneAtATime(() => installPackages({ packages: ['sip-tester'], services: [] }, context));
}

/** PostgreSQL would make a cluster on the default port on installation; its common package is told not to, first. */
export function installPostgres(context: StartContext): Promise<void> {
  return oneAtATime(async () => {
    await installPackages({ packages: ['postgresql-common'], services: [] }, context);
    const settings = existsSync(CLUSTER_SETTINGS) ? readFileSync(CLUSTER_SETTINGS, 'utf8') : '';
    const restore = replaceFile(CLUSTER_SETTINGS, `${settings}\ncreate_main_cluster = false\n`, 0o644);
    try {
      await installPackages({ packages: ['postgresql'], services: ['postgresql'] }, context);
    } finally {
      restore();
    }
  });
}

let previous: Promise<unknown> = Promise.resolve();

/** Package managers do not share, and neither do the files replaced for them. */
function oneAtATime(install: () => Promise<void>): Promise<void> {
  const next = previous.then(install);
  previous = next.catch(() => undefined);
  return next;
}

/** Writes a file for a while. The returned function puts back what was there; the guard does after a crash. */
function replaceFile(path: string, content: string, mode: number): () => void {
  const found = existsSync(path) ? readFileSync(path, 'utf8') : null;
  // What another run placed is not worth putting back.
  const before = found === content ? null : found;
  const release = hold({ kind: 'file', path, content: before });
  const restore = (): void => {
    forget();
    if (before === null) rmSync(path, { force: true });
    else writeFileSync(path, before);
    release();
  };
  const forget = onTeardown(() => Promise.resolve(restore()));
  writeFileSync(path, content);
  if (found === null) chmodSync(path, mode);
  return restore;
}

const updateIndex = memoised(() => aptGet(['update', '-q']));

function aptGet(args: readonly string[]): Promise<void> {
  return run('apt-get', ['-o', 'DPkg::Lock::Timeout=300', '-o', 'Dpkg::Options::=--force-confold', ...args]);
}

function run(command: string, args: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, [...args], {
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
    const release =
      child.pid === undefined
        ? () => undefined
        : hold({ kind: 'process', pid: child.pid, signal: 'SIGTERM' });
    child.once('error', reject);
    child.once('close', (code) => {
      release();
      if (code === 0) resolve();
      else
        reject(
          new Error(
            `${command} ended with ${String(code)}: ${output.trimEnd().split('\n').slice(-5).join(' / ')}`,
          ),
        );
    });
  });
}
