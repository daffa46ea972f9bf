import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { repositoryRoot } from './repository';
import { waitUntil } from './wait-until';

describe('the guard', () => {
  /** Feeds a guard by hand, as a test process does, and then ends like one: in order or not, its pipe closes. */
  async function guarded(...messages: object[]): Promise<void> {
    const guard = spawn(process.execPath, [join(repositoryRoot(), 'libs', 'testing', 'guard.cjs')], {
      stdio: ['pipe', 'inherit', 'inherit'],
    });
    for (const message of messages) guard.stdin.write(`${JSON.stringify(message)}\n`);
    guard.stdin.end();
    await new Promise((resolve) => guard.once('exit', resolve));
  }

  function sleeper(onTerm: string): {
    pid: number;
    ended: Promise<NodeJS.Signals | null>;
    up: Promise<unknown>;
  } {
    const child = spawn(
      process.execPath,
      ['-e', `process.on('SIGTERM', () => ${onTerm}); console.log('up'); setInterval(() => {}, 1e6)`],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    return {
      pid: child.pid!,
      ended: new Promise((resolve) => child.once('exit', (_code, signal) => resolve(signal))),
      up: new Promise((resolve) => child.stdout.once('data', resolve)),
    };
  }

  it('ends what was not released, by the asked signal', async () => {
    const child = sleeper('process.exit(0)');
    await child.up;

    await guarded({ hold: { key: '1', kind: 'process', pid: child.pid, signal: 'SIGTERM' } });

    expect(await child.ended).toBeNull();
  });

  it('kills what ignores the signal', async () => {
    const child = sleeper('undefined');
    await child.up;

    await guarded({ hold: { key: '1', kind: 'process', pid: child.pid, signal: 'SIGTERM' } });

    expect(await child.ended).toBe('SIGKILL');
  });

  it('leaves alone what was released', async () => {
    const child = sleeper('undefined');
    await child.up;

    await guarded(
      { hold: { key: '1', kind: 'process', pid: child.pid, signal: 'SIGKILL' } },
      { release: '1' },
    );

    expect(() => process.kill(child.pid, 0)).not.toThrow();
    process.kill(child.pid, 'SIGKILL');
    await child.ended;
  });

  it('deletes folders and puts files back as they were', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'guard-'));
    const changed = join(mkdtempSync(join(tmpdir(), 'guard-')), 'settings');
    const added = join(folder, '..', `guard-added-${process.pid}`);
    writeFileSync(join(folder, 'data'), 'x');
    writeFileSync(changed, 'ours');
    writeFileSync(added, 'ours');

    await guarded(
      { hold: { key: '1', kind: 'directory', path: folder } },
      { hold: { key: '2', kind: 'file', path: changed, content: 'theirs' } },
      { hold: { key: '3', kind: 'file', path: added, content: null } },
      { hold: { key: '4', kind: 'directory', path: join(changed, '..') } },
    );

    await waitUntil(() => !existsSync(folder) && !existsSync(added) && !existsSync(changed));
  });
});
