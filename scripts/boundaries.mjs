// Keeps the dependency directions honest; see scripts/lib/boundaries.mjs for the rules. Part of npm run check.
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { checkBoundaries } from './lib/boundaries.mjs';
import { runTool } from './lib/tool.mjs';

const help = `node scripts/boundaries.mjs

Checks who imports whom: layers of libraries, rings inside of services, manifests against what is imported, circles. Exit
code 1 when a boundary is crossed.`;

await runTool({
  help,
  async main() {
    const violations = checkBoundaries(dirname(dirname(fileURLToPath(import.meta.url))));
    for (const { file, line, message, rule } of violations)
      console.error(`${file}:${line}  ${message}  (${rule})`);
    if (violations.length === 0) return 0;
    console.error(
      `${violations.length} ${violations.length === 1 ? 'boundary is' : 'boundaries are'} crossed.`,
    );
    return 1;
  },
});
