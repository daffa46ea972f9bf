// npm run bench: what the delivery of an event and the registry of calls cost, next to a peer in the same run.
import { join } from 'node:path';
import { prepare, root } from './lib/prepare.mjs';
import { runChild } from './lib/run-child.mjs';
import { runTool, ToolError } from './lib/tool.mjs';

const BENCHMARKS = ['delivery', 'registry'];
const PROTOCOLS = ['kazoo', 'hub', 'stomp'];

const help = `npm run bench [-- NAME …] [--protocol NAME[,NAME]] [--quick]

Prints tables and writes the raw figures to benchmarks/results/.

  delivery  CPU per delivered event, latency and loss of the whole path (RabbitMQ, blackhole) for 200 and 1,000
            subscribers of each protocol, next to a bare ws broadcast of ready frames of the same size, and for STOMP next
            to RabbitMQ's own Web STOMP, all in the same run; about ten minutes
  registry  memory per live channel, events folded per second and time to list an account's channels, next to a plain
            Map of the parsed events in the same run; then the same events read from RabbitMQ's log

  --protocol  only these protocols in delivery: kazoo, hub, stomp
  --quick     one short run of each instead of three; good enough to see that it works`;

await runTool({
  help,
  positionals: true,
  options: { quick: { type: 'boolean' }, protocol: { type: 'string' } },
  async main(values, names) {
    const unknown = names.find((name) => !BENCHMARKS.includes(name));
    if (unknown !== undefined)
      throw new ToolError(`There is no benchmark ${unknown}; there are ${BENCHMARKS.join(' and ')}.`);
    const wrong = values.protocol?.split(',').find((name) => !PROTOCOLS.includes(name.trim()));
    if (wrong !== undefined)
      throw new ToolError(`There is no protocol "${wrong}"; there are ${PROTOCOLS.join(', ')}.`);
    prepare({ targets: ['services/standalone', 'benchmarks'] });
    const script = join(root, 'benchmarks', 'dist', 'main.js');
    const options = [
      ...(values.quick ? ['--quick'] : []),
      ...(values.protocol === undefined ? [] : ['--protocol', values.protocol]),
    ];
    return runChild([script, ...names, ...options]);
  },
});
