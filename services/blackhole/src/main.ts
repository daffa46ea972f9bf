import 'reflect-metadata';
import { run } from '@ringdown/runtime';
import { buildBlackhole } from './blackhole';

void run({
  name: 'blackhole',
  process,
  build: ({ settings, logger, brokerFactory }) => buildBlackhole(settings, { brokerFactory, logger }),
});
