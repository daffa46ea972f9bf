import { parseArgs } from 'node:util';
import { closeEverything } from '@ringdown/testing';
import { measureDelivery, type DeliveryOptions } from './delivery/delivery';
import { protocols, type Protocol } from './delivery/protocols';
import { measureRegistry } from './registry/registry';

const benchmarks: Readonly<Record<string, (options: DeliveryOptions) => Promise<void>>> = {
  delivery: measureDelivery,
  registry: measureRegistry,
};

/** Arguments: names of benchmarks (default: all), `--quick`, `--protocol NAME[,NAME]`. */
async function main(args: readonly string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { quick: { type: 'boolean', default: false }, protocol: { type: 'string' } },
  });
  const { quick, protocol } = values;
  const options = { quick, ...(protocol === undefined ? {} : { protocols: protocolsIn(protocol) }) };
  const names = positionals.length > 0 ? positionals : Object.keys(benchmarks);
  for (const name of names) {
    const benchmark = benchmarks[name];
    if (benchmark === undefined) throw new Error(`There is no benchmark ${name}.`);
    await benchmark(options);
  }
}

function protocolsIn(list: string): Protocol[] {
  const named = list.split(',').map((name) => name.trim());
  const unknown = named.find((name) => !protocols.some((protocol) => protocol === name));
  if (unknown !== undefined)
    throw new Error(`There is no protocol ${unknown}; there are ${protocols.join(', ')}.`);
  return protocols.filter((protocol) => named.includes(protocol));
}

main(process.argv.slice(2))
  .catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  })
  .finally(() => closeEverything());
