import 'reflect-metadata';
import { run } from '@ringdown/runtime';
import { buildApiGateway } from './api-gateway';

void run({
  name: 'api-gateway',
  process,
  build: ({ settings, logger, brokerFactory, metrics }) =>
    buildApiGateway(settings, { brokerFactory, logger, extraMetrics: () => metrics.registries() }),
});
