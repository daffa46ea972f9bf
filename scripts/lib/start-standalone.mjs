import { join } from 'node:path';
import { prepare, PrepareError, root } from './prepare.mjs';
import { runChild } from './run-child.mjs';

/** Prepares the repository and runs the whole system on this terminal. Resolves with the exit code. */
export async function startStandalone() {
  try {
    prepare();
  } catch (error) {
    if (!(error instanceof PrepareError)) throw error;
    console.error(error.message);
    return 1;
  }
  return runChild([
    '--enable-source-maps',
    join(root, 'services', 'standalone', 'dist', 'main.js'),
    ...process.argv.slice(2),
  ]);
}
