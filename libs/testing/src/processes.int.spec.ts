import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { freePort } from './free-port';
import { startProcess, type RunningProcess } from './processes';
import { repositoryRoot } from './repository';

describe('startProcess', () => {
  const folder = mkdtempSync(join(tmpdir(), 'processes-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  function run(source: string, env: Record<string, string | number> = {}): RunningProcess {
    const file = join(folder, `${Math.random().toString(36).slice(2)}.js`);
    writeFileSync(file, source);
    return startProcess({ script: relative(repositoryRoot(), file), env });
  }

  it('collects output and finds lines of the past and the future', async () => {
    const child = run(
      `console.log('first'); setTimeout(() => console.error('second 42'), 50); setInterval(() => {}, 1e6)`,
    );

    expect(await child.waitForLine(/^second \d+$/)).toBe('second 42');
    expect(await child.waitForLine('first')).toBe('first');
  });

  it('tells the output when the process ends before the line came', async () => {
    const child = run(`console.log('no such setting'); process.exitCode = 3`);

    await expect(child.waitForLine('ready')).rejects.toThrow(/ended \(code 3\)[^]*no such setting/);
  });

  it('waits until an address answers 2xx', async () => {
    const port = await freePort();
    const child = run(
      `let n = 0; require('http').createServer((q, r) => r.writeHead(++n > 2 ? 200 : 503).end()).listen(process.env.PORT)`,
      { PORT: port },
    );

    await child.waitForReady(`http://127.0.0.1:${port}/readyz`);

    expect(child.running).toBe(true);
  });

  it('hides the settings of the test run from the process', async () => {
    process.env['RINGDOWN_TEST_PROBE'] = 'leaked';
    const child = run(
      `console.log('seen ' + process.env.RINGDOWN_TEST_PROBE + ' ' + process.env.RINGDOWN_OWN)`,
      {
        RINGDOWN_OWN: 'own',
      },
    );

    await child.exited;

    expect(child.output.trim()).toBe('seen undefined own');
  });

  it('stops a process in order and tells how it ended', async () => {
    const child = run(
      `process.on('SIGTERM', () => process.exit(0)); console.log('up'); setInterval(() => {}, 1e6)`,
    );
    await child.waitForLine('up');

    expect(await child.stop()).toEqual({ code: 0, signal: null });
    expect(child.running).toBe(false);
  });

  it('kills a process that ignores SIGTERM, and calls that an error', async () => {
    const child = run(`process.on('SIGTERM', () => {}); console.log('up'); setInterval(() => {}, 1e6)`);
    await child.waitForLine('up');

    await expect(child.stop(100)).rejects.toThrow('did not end within 100 ms');
    expect(await child.exited).toEqual({ code: null, signal: 'SIGKILL' });
  });
});
