import { spawn } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './prepare.mjs';

/** How long Jest may take to end after it wrote its results; longer means a test left something open. */
const EXIT_GRACE_MS = 30_000;

/** One run of Jest that reports into a file and can be stopped. */
export class JestRun {
  #child;
  #stopped = false;

  /**
   * @param {string[]} args
   * @param {Record<string, string>} env
   * @param {string} reportFile
   * @param {(pid: number) => () => void} hold sees to it that the process ends when this one crashes
   */
  constructor(args, env, reportFile, hold) {
    this.args = args;
    this.env = env;
    this.reportFile = reportFile;
    this.hold = hold;
  }

  /** Resolves with Jest's report, undefined when it wrote none, and whether all is well. */
  async finish() {
    rmSync(this.reportFile, { force: true });
    const jest = join(root, 'node_modules', 'jest', 'bin', 'jest.js');
    const report = ['--json', '--outputFile', this.reportFile];
    const child = spawn(process.execPath, [jest, ...this.args, ...report], {
      cwd: root,
      env: this.env,
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    this.#child = child;
    const release = child.pid === undefined ? () => undefined : this.hold(child.pid);
    let hung = false;
    let writtenAt = 0;
    const watchdog = setInterval(() => {
      if (writtenAt === 0) writtenAt = existsSync(this.reportFile) ? Date.now() : 0;
      else if (Date.now() - writtenAt > EXIT_GRACE_MS && !hung) {
        hung = true;
        child.kill('SIGKILL');
      }
    }, 500);
    const code = await new Promise((resolve) => {
      child.once('error', () => resolve(1));
      child.once('exit', (status) => resolve(status ?? 1));
    });
    clearInterval(watchdog);
    release();
    return { code, hung, stopped: this.#stopped, report: this.#read() };
  }

  stop() {
    this.#stopped = true;
    this.#child?.kill('SIGTERM');
    setTimeout(() => this.#child?.kill('SIGKILL'), 5_000).unref();
  }

  #read() {
    try {
      return JSON.parse(readFileSync(this.reportFile, 'utf8'));
    } catch {
      return undefined;
    }
  }
}
