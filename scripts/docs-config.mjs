// npm run docs: writes docs/configuration.md from the catalogue of settings; --check fails when it is out of date.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { prepare, root } from './lib/prepare.mjs';
import { configurationPage } from './lib/configuration-page.mjs';
import { runTool, ToolError } from './lib/tool.mjs';

const help = `node scripts/docs-config.mjs [--check]

Writes docs/configuration.md from the catalogue of settings in libs/config.

  --check               write nothing; exit code 1 when the page is out of date`;

await runTool({
  help,
  options: { check: { type: 'boolean' } },
  async main(values) {
    prepare({ quiet: true, targets: ['libs/config'] });
    const { COMPOSE_VARIABLES, describeSettings, TOOL_VARIABLES } = await import('@ringdown/config');
    const path = join(root, 'docs', 'configuration.md');
    const { format, resolveConfig } = await import('prettier');
    const style = { ...(await resolveConfig(path)), parser: 'markdown' };
    const page = await format(
      configurationPage(describeSettings(), TOOL_VARIABLES, COMPOSE_VARIABLES),
      style,
    );
    const current = await Promise.resolve()
      .then(() => readFileSync(path, 'utf8').replaceAll('\r\n', '\n'))
      .catch(() => '');
    if (current === page) return;
    if (values.check) throw new ToolError('docs/configuration.md is out of date; run npm run docs.');
    writeFileSync(path, page);
    console.log('wrote docs/configuration.md');
  },
});
