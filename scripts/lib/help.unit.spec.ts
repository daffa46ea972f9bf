import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

const folder = join(__dirname, '..');
const node = (...args: string[]) => promisify(execFile)(process.execPath, args);
const scripts = readdirSync(folder).filter((name) => name.endsWith('.mjs'));

describe('every script', () => {
  it('shows what it does when asked for --help, and does nothing else', async () => {
    const answers = await Promise.all(
      scripts.map(async (name) => ({ name, ...(await node(join(folder, name), '--help')) })),
    );

    for (const { name, stdout, stderr } of answers) {
      const command = new RegExp(`^(npm |node scripts/|docker compose ).*${name.replace('.mjs', '')}`);
      expect({ name, first: stdout.split('\n')[0], stderr }).toEqual({
        name,
        first: expect.stringMatching(command),
        stderr: '',
      });
      expect(stdout.split('\n').length).toBeGreaterThan(2);
    }
  }, 60_000);

  it('of those for npm run is in package.json under its own name', () => {
    const manifest = readFileSync(join(folder, '..', 'package.json'), 'utf8');
    const { scripts: commands } = JSON.parse(manifest) as { scripts: Record<string, string> };
    const inside = ['boundaries', 'cli'];

    const missing = scripts
      .map((name) => name.replace('.mjs', ''))
      .filter((name) => !name.startsWith('docs-') && !inside.includes(name))
      .filter((name) => commands[name] !== `node scripts/${name}.mjs`);
    expect(missing).toEqual([]);
  });
});

describe('the door to the tools in a container', () => {
  it('opens what it lists and says what there is otherwise', async () => {
    const { stdout } = await node(join(folder, 'cli.mjs'), '--help');
    for (const name of ['login', 'token', 'env', 'tail', 'publish', 'demo', 'telephones']) {
      expect(stdout).toMatch(new RegExp(`^  ${name} `, 'm'));
    }

    expect((await node(join(folder, 'cli.mjs'), 'token', '--help')).stdout).toMatch(/^npm run -s token/);
    await expect(node(join(folder, 'cli.mjs'), 'tokens')).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^There is no command tokens; there are login, token, .*\.\n$/),
    });
  });
});
