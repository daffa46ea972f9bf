import 'reflect-metadata';
import { run } from '@ringdown/runtime';
import { buildStandalone, type Standalone } from './build-standalone';
import { welcome } from './welcome';

let system: Standalone;

void run({
  name: 'standalone',
  process,
  role: 'system',
  build: async (context) => {
    process.stdout.write('Starting Ringdown …\n');
    return (system = await buildStandalone(context));
  },
  onStarted: async ({ logger }) => {
    const text = await welcome(system, logger);
    process.stdout.write(text);
  },
});
