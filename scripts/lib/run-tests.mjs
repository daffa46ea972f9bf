import { randomBytes } from 'node:crypto';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { JestRun } from './jest-run.mjs';
import { prepare, PrepareError, root } from './prepare.mjs';
import { parseTestArguments, TEST_HELP } from './test-arguments.mjs';
import { startTestServers } from './test-servers.mjs';
import { countLine, countTests, explainSkipped } from './test-summary.mjs';

const SIGNALS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 };

/** Everything `npm test` does. Resolves with the exit code; the caller ends the process. */
export async function runTests(args) {
  const { help, build, projects, jestArgs } = parseTestArguments(args);
  if (help) {
    console.log(TEST_HELP);
    return 0;
  }
  try {
    if (build) prepare({ targets: ['services/standalone', 'libs/testing'] });
  } catch (error) {
    if (!(error instanceof PrepareError)) throw error;
    console.error(error.message);
    console.log(countLine({ passed: 0, failed: 0, skipped: 0 }));
    return 1;
  }
  const run = new TestRun(projects, jestArgs);
  const code = await run.finish();
  // Also after an interruption: whoever reads the last line always finds it.
  console.log(countLine(run.counts));
  return code;
}

class TestRun {
  reports = [];
  #projects;
  #jestArgs;
  #problems = [];
  #interrupted;
  #jest;
  #kit = createRequire(import.meta.url)(join(root, 'libs', 'testing', 'dist', 'index.js'));
  #marker = randomBytes(8).toString('hex');
  #folder = this.#kit.temporaryDirectory('ringdown-test-run');

  constructor(projects, jestArgs) {
    this.#projects = projects;
    this.#jestArgs = jestArgs;
    // Inherited by every process of the run, so that none can hide.
    process.env[this.#kit.RUN_MARKER] = this.#marker;
  }

  get counts() {
    return countTests(this.reports);
  }

  async finish() {
    const handlers = Object.keys(SIGNALS).map((signal) => {
      const handler = () => this.#interrupt(signal);
      process.on(signal, handler);
      return [signal, handler];
    });
    try {
      await this.#run();
    } catch (error) {
      if (!this.#interrupted) this.#problems.push(error.message);
    }
    await this.#cleanUp();
    handlers.forEach(([signal, handler]) => process.off(signal, handler));
    return this.#verdict();
  }

  async #run() {
    const needsServers = this.#projects.some((project) => project !== 'unit');
    const { env, missing } = needsServers
      ? await startTestServers(this.#kit, (line) => console.log(line))
      : { env: {}, missing: {} };
    if (process.env.CI === 'true') {
      for (const [server, reason] of Object.entries(missing)) {
        this.#problems.push(`CI=true and no ${server}: ${reason}`);
      }
    }

    const quick = this.#projects.filter((project) => project !== 'e2e');
    // Jest's own default leaves one core out, which on two cores means one worker.
    const workers = Math.min(4, availableParallelism());
    if (quick.length > 0) await this.#jestRun(quick, [`--maxWorkers=${workers}`], env);
    // One journey at a time: each runs several processes of its own.
    if (this.#projects.includes('e2e')) await this.#jestRun(['e2e'], ['--runInBand'], env);

    for (const line of explainSkipped(this.reports, missing)) console.log(line);
  }

  async #jestRun(projects, args, env) {
    if (this.#interrupted) return;
    this.#jest = new JestRun(
      ['--selectProjects', ...projects, '--passWithNoTests', ...args, ...this.#jestArgs],
      { ...process.env, ...env },
      join(this.#folder.path, `${projects.join('-')}.json`),
      (pid) => this.#kit.hold({ kind: 'process', pid, signal: 'SIGTERM' }),
    );
    const { code, hung, report } = await this.#jest.finish();
    if (report) this.reports.push(report);
    if (this.#interrupted) return;
    const name = `Jest (${projects.join(', ')})`;
    if (hung) this.#problems.push(`${name} did not end by itself: a test left something open`);
    else if (!report) this.#problems.push(`${name} ended with code ${code} and no report`);
    else if (code !== 0 && report.success) this.#problems.push(`${name} ended with code ${code}`);
  }

  #interrupt(signal) {
    if (this.#interrupted) return;
    this.#interrupted = signal;
    console.log(`\n${signal}: stopping the tests and their servers …`);
    this.#jest?.stop();
    // Ends a start under way too: what it waits for is gone.
    void this.#kit.closeEverything().catch(() => undefined);
  }

  async #cleanUp() {
    this.#folder.remove();
    try {
      await this.#kit.closeEverything();
    } catch (error) {
      this.#problems.push(error.message);
    }
    const left = await this.#leftovers();
    for (const { pid } of left) kill(pid);
    if (left.length > 0 && !this.#interrupted) {
      const list = left.map(({ pid, command }) => `${pid} ${command}`).join('\n  ');
      this.#problems.push(`the tests left processes behind (killed now):\n  ${list}`);
    }
  }

  /** What is still there after some time: killed processes and the guards of the spec files end in a moment. */
  async #leftovers() {
    const deadline = Date.now() + 10_000;
    for (;;) {
      const left = this.#kit.leftoversOf(this.#marker);
      if (left.length === 0 || Date.now() > deadline) return left;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  #verdict() {
    for (const problem of this.#problems) console.error(`Problem: ${problem}`);
    if (this.#interrupted) return SIGNALS[this.#interrupted];
    const { passed, failed } = this.counts;
    if (passed + failed === 0) console.error('Problem: no test ran');
    const fine = this.#problems.length === 0 && failed === 0 && passed > 0;
    return fine && this.reports.every(({ success }) => success) ? 0 : 1;
  }
}

function kill(pid) {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // Ended meanwhile.
  }
}
