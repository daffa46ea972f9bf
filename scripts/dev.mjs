// npm run dev: compiles on every change and restarts the whole system.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { prefixLines } from './lib/prefix-lines.mjs';
import { prepare, root } from './lib/prepare.mjs';
import { runTool } from './lib/tool.mjs';

const help = `npm run dev

Runs everything in one process, compiles on every change and starts again. Ctrl-C ends it.`;

await runTool({
  help,
  async main() {
    prepare();
    const compiler = start('build', [
      join(root, 'node_modules', 'typescript', 'bin', 'tsc'),
      '-b',
      'services/standalone',
      '--watch',
      '--preserveWatchOutput',
    ]);
    const system = start('ringdown', [
      '--watch',
      '--watch-preserve-output',
      '--enable-source-maps',
      join('services', 'standalone', 'dist', 'main.js'),
    ]);
    const children = [compiler, system];
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
      process.on(signal, () => children.forEach((child) => child.kill(signal)));
    }
    await Promise.all(children.map((child) => new Promise((resolve) => child.once('exit', resolve))));
  },
});

function start(name, args) {
  const child = spawn(process.execPath, args, { cwd: root, stdio: ['inherit', 'pipe', 'pipe'] });
  child.stdout.pipe(prefixLines(name)).pipe(process.stdout, { end: false });
  child.stderr.pipe(prefixLines(name)).pipe(process.stderr, { end: false });
  return child;
}
