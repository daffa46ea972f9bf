import 'reflect-metadata';
import { run } from '@ringdown/runtime';
import { buildCallProducer } from './call-producer';

void run({
  name: 'call-producer',
  process,
  opsServer: true,
  build: ({ settings, logger, brokerFactory }) => buildCallProducer(settings, { brokerFactory, logger }),
});
