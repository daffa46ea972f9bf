import 'reflect-metadata';
import { run } from '@ringdown/runtime';
import { buildMessageProducer } from './message-producer';

void run({
  name: 'message-producer',
  process,
  opsServer: true,
  build: ({ settings, logger, brokerFactory }) => buildMessageProducer(settings, { brokerFactory, logger }),
});
