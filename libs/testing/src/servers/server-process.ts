import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { hold } from '../guard';
import type { SystemUser } from './programs';

export interface ServerProcessOptions {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** Both output streams are appended here. */
  readonly logFile: string;
  readonly user: SystemUser | undefined;
  /** What the guard sends first after a crash of the test run; SIGKILL follows. */
  readonly emergencySignal?: NodeJS.Signals;
}

/**
 * A server as a child in a session of its own, so that Ctrl-C in the terminal does not take it away from under the
 * tests. Registered with the guard until it has ended.
 */
export class ServerProcess {
  private readonly child: ChildProcess;
  private ended = false;
  private readonly exited: Promise<void>;

  constructor(private readonly options: ServerProcessOptions) {
    const log = openSync(options.logFile, 'a');
    this.child = spawn(options.command, [...options.args], {
      cwd: options.cwd,
      env: { ...options.env },
      stdio: ['ignore', log, log],
      detached: true,
      ...options.user,
    });
    closeSync(log);
    this.child.unref();
    const release =
      this.child.pid === undefined
        ? () => undefined
        : hold({
            kind: 'process',
            pid: this.child.pid,
            ...(options.emergencySignal === undefined ? {} : { signal: options.emergencySignal }),
          });
    this.exited = new Promise((resolve) => {
      const end = (): void => {
        this.ended = true;
        release();
        resolve();
      };
      this.child.once('exit', end);
      this.child.once('error', end);
    });
  }

  get pid(): number {
    return this.child.pid ?? -1;
  }

  get running(): boolean {
    return !this.ended;
  }

  /** Sends a signal and waits for the end; SIGKILL after `timeoutMs`. */
  async end(signal: NodeJS.Signals, timeoutMs = 30_000): Promise<void> {
    if (this.ended) return;
    // Not counted as work while it serves, but its end is worth waiting for.
    this.child.ref();
    this.child.kill(signal);
    const timer = setTimeout(() => this.child.kill('SIGKILL'), timeoutMs);
    await this.exited;
    clearTimeout(timer);
  }

  /** Sends a signal to the process and everything below it. */
  signalTree(signal: NodeJS.Signals): void {
    for (const pid of [this.pid, ...descendantsOf(this.pid)]) {
      try {
        process.kill(pid, signal);
      } catch {
        // Ended meanwhile.
      }
    }
  }

  /** The end of what it wrote, for an error message. */
  logTail(lines = 25): string {
    if (!existsSync(this.options.logFile)) return '';
    return readFileSync(this.options.logFile, 'utf8').trimEnd().split('\n').slice(-lines).join('\n');
  }
}

/** Every process below `pid`, by the process table. */
function descendantsOf(pid: number): number[] {
  const { stdout: table, error } = spawnSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' });
  if (error) throw new Error(`ps is needed to find the processes of a server: ${error.message}`);
  const parents = table
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number) as [number, number]);
  const below = (parent: number): number[] =>
    parents.filter(([, ppid]) => ppid === parent).flatMap(([child]) => [child, ...below(child)]);
  return below(pid);
}
