// npm run docs: writes docs/metrics.md from the metrics the services make; --check fails when it is out of date.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { metricsOfAll } from './lib/metrics-catalogue.mjs';
import { metricsPage } from './lib/metrics-page.mjs';
import { prepare, root } from './lib/prepare.mjs';
import { runTool, ToolError } from './lib/tool.mjs';

const help = `node scripts/docs-metrics.mjs [--check]

Writes docs/metrics.md from the metrics that libs/runtime and the services make.

  --check               write nothing; exit code 1 when the page is out of date`;

await runTool({
  help,
  options: { check: { type: 'boolean' } },
  async main(values) {
    prepare({ quiet: true, targets: ['services/standalone'] });
    const path = join(root, 'docs', 'metrics.md');
    const { format, resolveConfig } = await import('prettier');
    const style = { ...(await resolveConfig(path)), parser: 'markdown' };
    const page = await format(metricsPage(await metricsOfAll()), style);
    const current = await Promise.resolve()
      .then(() => readFileSync(path, 'utf8').replaceAll('\r\n', '\n'))
      .catch(() => '');
    if (current === page) return;
    if (values.check) throw new ToolError('docs/metrics.md is out of date; run npm run docs.');
    writeFileSync(path, page);
    console.log('wrote docs/metrics.md');
  },
});
