import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { hold } from './guard';
import { repositoryRoot } from './repository';
import { onTeardown } from './teardown';
import { waitUntil } from './wait-until';

/** What to start and how. */
export interface StartOptions {
  /** Service of this repository, run from `services/{service}/dist/main.js`; or give `script`. */
  readonly service?: string;
  /** A script, relative to the repository's root. */
  readonly script?: string;
  readonly args?: readonly string[];
  /**
   * Settings. Of the parent's environment the `RINGDOWN_*` variables are left out, so that a test says everything it
   * depends on.
   */
  readonly env?: Readonly<Record<string, string | number | undefined>>;
  /** Default: the repository's root. */
  readonly cwd?: string;
}

/** How a process ended. */
export interface ExitStatus {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A process under test. It is killed at the end of the spec file at the latest, also when the test runner crashes. */
export interface RunningProcess {
  readonly pid: number;
  readonly running: boolean;
  /** Everything written so far to standard output and standard error, in the order of arrival. */
  readonly output: string;
  readonly exited: Promise<ExitStatus>;
  /** The first line of the output that matches, past or future. Rejects when the process ends without it. */
  waitForLine(pattern: RegExp | string, timeoutMs?: number): Promise<string>;
  /** Resolves when GET of the address answers 2xx. Rejects when the process ends before. */
  waitForReady(url: string, timeoutMs?: number): Promise<void>;
  signal(signal: NodeJS.Signals): void;
  /** SIGTERM and wait for the end; killed, and an error, when it takes longer than `timeoutMs` (default 30,000). */
  stop(timeoutMs?: number): Promise<ExitStatus>;
  /** SIGKILL and wait for the end. */
  kill9(): Promise<ExitStatus>;
}

/** Starts a Node process of this repository. Build first: it runs what is in `dist`. */
export function startProcess(options: StartOptions): RunningProcess {
  const root = repositoryRoot();
  const script = options.script ?? join('services', options.service ?? 'standalone', 'dist', 'main.js');
  const child = spawn(process.execPath, [join(root, script), ...(options.args ?? [])], {
    cwd: options.cwd ?? root,
    env: { ...inheritedEnvironment(), ...definedStrings(options.env ?? {}) },
    stdio: ['ignore', 'pipe', 'pipe'],
    windowsHide: true,
  });
  return watch(child, [options.service ?? script, ...(options.args ?? [])].join(' '));
}

/** Wraps a child so that it can be waited for, and is cleaned up. Its output must be piped. */
export function watch(child: ChildProcess, name: string): RunningProcess {
  let output = '';
  const collect = (chunk: Buffer): void => {
    output += chunk.toString('utf8');
  };
  child.stdout?.on('data', collect);
  child.stderr?.on('data', collect);

  const release = child.pid === undefined ? () => undefined : hold({ kind: 'process', pid: child.pid });
  let ended: ExitStatus | undefined;
  const exited = new Promise<ExitStatus>((resolve) => {
    child.once('error', (error) => {
      output += `${error.message}\n`;
      if (child.pid === undefined) resolve((ended = { code: 127, signal: null }));
    });
    // `close` comes after `exit`, when all output was read.
    child.once('close', (code, signal) => resolve((ended = { code, signal })));
  });
  const kill9 = async (): Promise<ExitStatus> => {
    if (!ended) child.kill('SIGKILL');
    return exited;
  };
  const forget = onTeardown(async () => void (await kill9()));
  void exited.then(() => {
    release();
    forget();
  });

  const whileRunning = async <T>(look: () => T | Promise<T>, what: string, timeoutMs: number) => {
    let gone = false;
    const value = await waitUntil(
      async () => (await look()) || (ended !== undefined ? ((gone = true), true as const) : undefined),
      { timeoutMs, what: () => `${what} of ${name}, whose output is:\n${tail(output)}` },
    );
    if (gone) throw new Error(`${name} ended (${describeExit(ended)}) before ${what}:\n${tail(output)}`);
    return value as T;
  };

  return {
    pid: child.pid ?? -1,
    exited,
    kill9,
    get running() {
      return ended === undefined;
    },
    get output() {
      return output;
    },
    async waitForLine(pattern, timeoutMs = 30_000) {
      const matches = (line: string): boolean =>
        typeof pattern === 'string' ? line.includes(pattern) : pattern.test(line);
      const line = await whileRunning(
        () => output.split(/\r?\n/).find(matches),
        `the line ${String(pattern)}`,
        timeoutMs,
      );
      return line!;
    },
    async waitForReady(url, timeoutMs = 30_000) {
      await whileRunning(() => answers(url), `a 2xx of ${url}`, timeoutMs);
    },
    signal(signal) {
      child.kill(signal);
    },
    async stop(timeoutMs = 30_000) {
      if (!ended) child.kill('SIGTERM');
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<'late'>((resolve) => {
        timer = setTimeout(() => resolve('late'), timeoutMs);
      });
      const outcome = await Promise.race([exited, late]);
      clearTimeout(timer);
      if (outcome !== 'late') return outcome;
      await kill9();
      throw new Error(`${name} did not end within ${timeoutMs} ms of SIGTERM:\n${tail(output)}`);
    },
  };
}

/** The environment a child inherits: everything but this project's own settings. */
export function inheritedEnvironment(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(process.env).filter(
      (entry): entry is [string, string] => entry[1] !== undefined && !entry[0].startsWith('RINGDOWN_'),
    ),
  );
}

function definedStrings(env: Readonly<Record<string, string | number | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).flatMap(([key, value]) => (value === undefined ? [] : [[key, String(value)]])),
  );
}

async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(2_000) });
    await response.arrayBuffer();
    return response.ok;
  } catch {
    return false;
  }
}

function describeExit(status: ExitStatus | undefined): string {
  return status?.signal ?? `code ${String(status?.code)}`;
}

function tail(text: string): string {
  return text.length > 4_000 ? `…${text.slice(-4_000)}` : text;
}
