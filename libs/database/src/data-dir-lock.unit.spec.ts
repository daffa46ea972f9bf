import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { waitUntil } from '@ringdown/testing';
import { lockDataDir } from './data-dir-lock';

describe('the lock of a data directory', () => {
  let directory: string;
  const file = () => join(directory, 'ringdown.lock');

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'ringdown-lock-'));
  });

  afterEach(() => rm(directory, { recursive: true, force: true }));

  it('is a file with the pid, gone after the last release', async () => {
    const first = await lockDataDir(directory);
    const second = await lockDataDir(directory);
    expect(JSON.parse(await readFile(file(), 'utf8'))).toMatchObject({ pid: process.pid });

    await first.release();
    await first.release();
    await expect(readFile(file(), 'utf8')).resolves.toBeDefined();
    await second.release();
    await expect(readFile(file(), 'utf8')).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('keeps a second process out with one sentence that names directory, pid and way out', async () => {
    const owner = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
    try {
      await writeFile(file(), JSON.stringify({ pid: owner.pid, startedAt: null }));

      await expect(lockDataDir(directory)).rejects.toMatchObject({
        code: 'conflict',
        message: expect.stringMatching(
          new RegExp(`${directory}.*process ${owner.pid}.*RINGDOWN_DATA_DIR.*delete`),
        ) as string,
      });
      await expect(readFile(file(), 'utf8')).resolves.toContain(String(owner.pid));
    } finally {
      owner.kill('SIGKILL');
      await once(owner, 'exit');
    }

    const lock = await waitUntil(() => lockDataDir(directory));
    await lock.release();
  });

  it.each([
    ['of a process that is gone', { pid: 2 ** 30, startedAt: null }],
    ['of an earlier process with our pid', { pid: process.pid, startedAt: null }],
    ['nobody can read', 'not json'],
  ])('is taken over from a file %s', async (_, content) => {
    await writeFile(file(), typeof content === 'string' ? content : JSON.stringify(content));
    const lock = await lockDataDir(directory);

    expect(JSON.parse(await readFile(file(), 'utf8'))).toMatchObject({ pid: process.pid });
    await lock.release();
  });

  const withProc = process.platform === 'linux' ? it : it.skip;
  withProc('is taken over when the pid belongs to another process by now', async () => {
    await writeFile(file(), JSON.stringify({ pid: 1, startedAt: 'another boot:1' }));
    const lock = await lockDataDir(directory);
    await lock.release();
  });
});
