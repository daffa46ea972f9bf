import { join } from 'node:path';
import { prepare, root } from './prepare.mjs';
import { runChild } from './run-child.mjs';
import { runTool } from './tool.mjs';

const help = `npm start

Installs and builds what changed, then runs everything in one process: REST and WebSockets, and inside a broker and a
database unless RINGDOWN_AMQP_URL and RINGDOWN_DATABASE_URL name servers. Ctrl-C ends it.

  RINGDOWN_API_PORT     REST, default 8000; set it in the other terminals, too, so that the tools find it
  RINGDOWN_WS_PORT      WebSockets, default 5555
  RINGDOWN_DATA_DIR     database, token key and first password, default .data

docs/configuration.md lists all settings.`;

/** Prepares the repository and runs the whole system on this terminal. Sets the exit code. */
export function startStandalone() {
  return runTool({
    help,
    async main() {
      prepare();
      return runChild(['--enable-source-maps', join(root, 'services', 'standalone', 'dist', 'main.js')]);
    },
  });
}
