import { createAmqpBroker, createEmbeddedHub, type Broker } from '@ringdown/broker';
import type { Settings } from '@ringdown/config';
import type { Logger } from '@ringdown/core';
import type { BrokerMetrics } from './broker-metrics';

/** Gives each service of a process its own connection to the one broker. */
export type BrokerFactory = (service: string) => Broker;

/** RabbitMQ where the settings name one, else the broker inside this process. */
export function composeBroker(settings: Settings, logger: Logger, metrics: BrokerMetrics): BrokerFactory {
  const observed = (service: string) => ({
    service,
    logger: logger.child({ service }),
    observer: metrics.observerOf(service),
  });
  // Handlers get half of the time a stop may take; the rest is for flushing and closing.
  const drainTimeoutMs = Math.ceil(settings.shutdownTimeoutMs / 2);
  const { amqpUrls: urls } = settings;
  const journal = { maxAgeS: settings.journalMaxAgeS, maxBytes: settings.journalMaxBytes };
  if (urls) {
    const outbox = {
      maxMessages: settings.brokerOutboxMaxMessages,
      maxBytes: settings.brokerOutboxMaxBytes,
    };
    return (service) => createAmqpBroker({ ...observed(service), urls, outbox, journal, drainTimeoutMs });
  }
  const hub = createEmbeddedHub({ journal });
  return (service) => hub.connect({ ...observed(service), drainTimeoutMs });
}
