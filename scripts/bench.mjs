// npm run bench: what the delivery of an event costs, next to a peer in the same run.
import { join } from 'node:path';
import { prepare, root } from './lib/prepare.mjs';
import { runChild } from './lib/run-child.mjs';
import { runTool } from './lib/tool.mjs';

const help = `npm run bench [-- --quick]

CPU per delivered event, latency and loss of the whole path (RabbitMQ, blackhole) for 200 and 1,000 subscribers, next to
a bare ws broadcast of a ready frame in the same run. Prints a table and writes the raw figures to benchmarks/results/.

  --quick   one short run of each instead of three; good enough to see that it works`;

await runTool({
  help,
  options: { quick: { type: 'boolean' } },
  async main(values) {
    prepare({ targets: ['services/standalone', 'benchmarks'] });
    const script = join(root, 'benchmarks', 'dist', 'main.js');
    return runChild([script, ...(values.quick ? ['--quick'] : [])]);
  },
});
