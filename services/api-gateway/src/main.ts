import 'reflect-metadata';
import { processMetrics, run } from '@ringdown/runtime';
import { buildApiGateway } from './api-gateway';

void run({
  name: 'api-gateway',
  process,
  build: ({ settings, logger, brokerFactory }) =>
    buildApiGateway(settings, { brokerFactory, logger, extraMetrics: () => [processMetrics()] }),
});
