import 'reflect-metadata';
import { run } from '@ringdown/runtime';
import { buildObjectProducer } from './object-producer';

void run({
  name: 'object-producer',
  process,
  opsServer: true,
  build: ({ settings, logger, brokerFactory }) => buildObjectProducer(settings, { brokerFactory, logger }),
});
