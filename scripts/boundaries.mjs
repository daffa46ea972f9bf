// Keeps the dependency directions honest; see scripts/lib/boundaries.mjs for the rules. Part of npm run check.
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { checkBoundaries } from './lib/boundaries.mjs';

const violations = checkBoundaries(dirname(dirname(fileURLToPath(import.meta.url))));
for (const { file, line, message, rule } of violations)
  console.error(`${file}:${line}  ${message}  (${rule})`);
if (violations.length > 0) {
  console.error(
    `${violations.length} ${violations.length === 1 ? 'boundary is' : 'boundaries are'} crossed.`,
  );
  process.exitCode = 1;
}
