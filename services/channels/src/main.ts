import 'reflect-metadata';
import { run } from '@ringdown/runtime';
import { buildChannels } from './channels';

void run({
  name: 'channels',
  process,
  opsServer: true,
  build: ({ settings, logger, brokerFactory }) => buildChannels(settings, { brokerFactory, logger }),
});
