import { createEmbeddedHub, type Broker } from '@ringdown/broker';
import type { Settings } from '@ringdown/config';
import { AppError, type Logger } from '@ringdown/core';

/** Gives each service of a process its own connection to the one broker. */
export type BrokerFactory = (service: string) => Broker;

/** RabbitMQ where the settings name one, else the broker inside this process. */
export function composeBroker(settings: Settings, logger: Logger): BrokerFactory {
  if (settings.amqpUrls) throw new AppError('not_implemented', 'RabbitMQ is not supported yet');
  const hub = createEmbeddedHub();
  return (service) => hub.connect({ service, logger: logger.child({ service }) });
}
