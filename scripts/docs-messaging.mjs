// npm run docs: writes docs/messaging.md from the contracts; --check fails when it is out of date.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { prepare, root } from './lib/prepare.mjs';
import { runTool, ToolError } from './lib/tool.mjs';

const help = `node scripts/docs-messaging.mjs [--check]

Writes docs/messaging.md, what travels over the broker, from libs/contracts.

  --check               write nothing; exit code 1 when the page is out of date`;

await runTool({
  help,
  options: { check: { type: 'boolean' } },
  async main(values) {
    prepare({ quiet: true, targets: ['libs/contracts'] });
    const { messagingPage } = await import('./lib/messaging-page.mjs');
    const path = join(root, 'docs', 'messaging.md');
    const { format, resolveConfig } = await import('prettier');
    const page = await format(messagingPage, { ...(await resolveConfig(path)), parser: 'markdown' });
    const current = await Promise.resolve()
      .then(() => readFileSync(path, 'utf8').replaceAll('\r\n', '\n'))
      .catch(() => '');
    if (current === page) return;
    if (values.check) throw new ToolError('docs/messaging.md is out of date; run npm run docs.');
    writeFileSync(path, page);
    console.log('wrote docs/messaging.md');
  },
});
