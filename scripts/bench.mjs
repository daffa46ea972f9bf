import { parseArgs } from 'node:util';
import { prepare } from './lib/prepare.mjs';
import { runNode } from './lib/run-child.mjs';

const help = `npm run bench [-- --quick]

CPU per delivered event, latency and loss of the whole path (RabbitMQ, blackhole) for 200 and 1,000 subscribers, next to
a bare ws broadcast of a ready frame in the same run. Prints a table and writes the raw figures to benchmarks/results/.

  --quick   one short run of each instead of three; good enough to see that it works`;

const { values } = parseArgs({ options: { quick: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } } });
if (values.help) {
  console.log(help);
} else {
  await prepare({ quiet: true });
  process.exitCode = await runNode(['benchmarks/dist/main.js', ...(values.quick ? ['--quick'] : [])]);
}
