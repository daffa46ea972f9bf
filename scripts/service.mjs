// npm run service -- NAME: one service alone, for a system of several processes.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { prepare, root } from './lib/prepare.mjs';
import { runChild } from './lib/run-child.mjs';
import { runTool, ToolError } from './lib/tool.mjs';

const services = readdirSync(join(root, 'services'))
  .filter((name) => existsSync(join(root, 'services', name, 'src', 'main.ts')))
  .filter((name) => name !== 'standalone')
  .sort();

const help = `npm run service -- NAME

Runs one service alone, after installing and building what changed. The services meet on a RabbitMQ, so RINGDOWN_AMQP_URL
must be set; docs/configuration.md lists all settings.

${services.map((name) => `  ${name}`).join('\n')}`;

await runTool({
  help,
  positionals: true,
  async main(_values, [name, ...rest]) {
    if (name === undefined || rest.length > 0)
      throw new ToolError(`Which service? One of ${services.join(', ')}.`);
    if (!services.includes(name)) {
      throw new ToolError(`There is no service ${name}; there are ${services.join(', ')}.`);
    }
    prepare();
    return runChild(['--enable-source-maps', join(root, 'services', name, 'dist', 'main.js')]);
  },
});
