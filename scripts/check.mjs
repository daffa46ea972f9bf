// npm run check: everything that can be said about the sources without running them. All steps run, also after one failed.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runTool, ToolError } from './lib/tool.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const module = (...path) => join('node_modules', ...path);

// Types before lint: the rules that need types read what the compiler wrote.
const steps = [
  ['format', [module('prettier', 'bin', 'prettier.cjs'), '--check', '--log-level', 'warn', '.']],
  ['types', [module('typescript', 'bin', 'tsc'), '-b']],
  ['lint', [module('eslint', 'bin', 'eslint.js'), '.']],
  ['boundaries', [join('scripts', 'boundaries.mjs')]],
  ...readdirSync(join(root, 'scripts'))
    .filter((name) => /^docs-.*\.mjs$/.test(name))
    .map((name) => [name.replace('.mjs', ''), [join('scripts', name), '--check']]),
];

const help = `npm run check

Checks the sources without running them; all steps run, also after one failed: ${steps.map(([name]) => name).join(', ')}.
npm run format and npm run docs mend the first and the last ones.`;

await runTool({
  help,
  async main() {
    if (!existsSync(join(root, 'node_modules', 'typescript')))
      throw new ToolError('The dependencies are not installed; run npm ci first.');
    const failed = steps.filter(([name, args]) => !passes(name, args)).map(([name]) => name);
    console.log(failed.length === 0 ? 'All checks passed.' : `Failed: ${failed.join(', ')}.`);
    return failed.length === 0 ? 0 : 1;
  },
});

function passes(name, args) {
  console.log(`${name} …`);
  const startedAt = performance.now();
  const { status } = spawnSync(process.execPath, args, {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  console.log(`${name}: ${status === 0 ? 'ok' : 'FAILED'} (${seconds} s)`);
  return status === 0;
}
