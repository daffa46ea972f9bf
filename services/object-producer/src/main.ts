import 'reflect-metadata';
import { isLoopback, run, withLocalBootstrap } from '@ringdown/runtime';
import { buildObjectProducer } from './object-producer';

void run({
  name: 'object-producer',
  process,
  opsServer: true,
  build: ({ settings, logger, brokerFactory }) =>
    // On a machine of one's own the root account is made without being asked for; its password is in DATA_DIR.
    buildObjectProducer(isLoopback(settings.host) ? withLocalBootstrap(settings) : settings, {
      brokerFactory,
      logger,
    }),
});
