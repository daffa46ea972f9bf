import 'reflect-metadata';
import { run } from '@ringdown/runtime';
import { buildBlackhole } from './blackhole';

void run({
  name: 'blackhole',
  process,
  build: ({ settings, logger, brokerFactory, metrics }) =>
    buildBlackhole(settings, { brokerFactory, logger, extraMetrics: () => metrics.registries() }),
});
