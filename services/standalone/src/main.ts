import 'reflect-metadata';
import { run } from '@ringdown/runtime';
import { announce } from './announce';
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
  onStarted: async ({ logger, stopping }) =>
    announce({
      readiness: () => system.readiness(),
      facts: await welcome(system, logger),
      write: (text) => process.stdout.write(text),
      stopping,
    }),
});
