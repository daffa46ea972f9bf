import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import type { Socket } from 'node:net';

/** How to reach a Docker engine over plain HTTP. */
export type DockerAddress =
  { readonly socketPath: string } | { readonly host: string; readonly port: number };

/** Something that must not outlive the test process. */
export type Held =
  | { readonly kind: 'process'; readonly pid: number; readonly signal?: NodeJS.Signals }
  | { readonly kind: 'directory'; readonly path: string }
  /** Put back as it was: with this content, or gone. */
  | { readonly kind: 'file'; readonly path: string; readonly content: string | null }
  /** Every container, volume and network with this label, `name=value`; also one that is only just being made. */
  | { readonly kind: 'containers'; readonly label: string; readonly docker: DockerAddress };

let guard: ChildProcess | undefined;
let count = 0;

/**
 * Registers something with the guard, a small process that outlives this one and cleans up what was not released when
 * this one ends for whatever reason, kill -9 included. Returns the function that releases it.
 */
export function hold(thing: Held): () => void {
  const key = String(++count);
  send({ hold: { key, signal: 'SIGKILL', ...thing } });
  return () => send({ release: key });
}

function send(message: unknown): void {
  guard ??= startGuard();
  guard.stdin?.write(`${JSON.stringify(message)}\n`);
}

function startGuard(): ChildProcess {
  // Its own session, so that Ctrl-C in the terminal does not reach it.
  const child = spawn(process.execPath, [join(__dirname, '..', 'guard.cjs')], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
    windowsHide: true,
  });
  child.stdin.on('error', () => undefined);
  child.unref();
  (child.stdin as unknown as Socket).unref();
  return child;
}

/** Ends the guard, which cleans up whatever is still registered. A later {@link hold} starts another. */
export async function closeGuard(): Promise<void> {
  const closing = guard;
  guard = undefined;
  if (!closing || closing.exitCode !== null) return;
  closing.ref();
  const exited = new Promise((resolve) => closing.once('exit', resolve));
  closing.stdin?.end();
  await exited;
}
