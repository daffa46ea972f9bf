import { closeEverything } from '@ringdown/testing';
import { measureDelivery } from './delivery/delivery';
import { measureRegistry } from './registry/registry';

const benchmarks: Readonly<Record<string, (options: { readonly quick: boolean }) => Promise<void>>> = {
  delivery: measureDelivery,
  registry: measureRegistry,
};

/** Arguments: names of benchmarks (default: all), `--quick`. */
async function main(args: readonly string[]): Promise<void> {
  const quick = args.includes('--quick');
  const named = args.filter((argument) => argument in benchmarks);
  for (const name of named.length > 0 ? named : Object.keys(benchmarks)) await benchmarks[name]!({ quick });
}

main(process.argv.slice(2))
  .catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  })
  .finally(() => closeEverything());
