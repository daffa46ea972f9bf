import { type Clock, type Logger, randomHex, silentLogger, systemClock } from '@ringdown/core';
import type { Broker } from '../broker';
import type { BrokerObserver } from '../observer';
import { ServiceBroker } from '../shared/service-broker';
import { DEFAULT_JOURNAL_LIMITS, type JournalLimits } from '../shared/topology';
import { EmbeddedExchanges } from './embedded-exchanges';
import { EmbeddedTransport } from './embedded-transport';

export interface EmbeddedHubOptions {
  readonly clock?: Clock;
  /** What an event log keeps; of the size at most 16 MiB, because it is memory. Default one day. */
  readonly journal?: JournalLimits;
}

export interface EmbeddedConnectOptions {
  readonly service: string;
  /** Default `{service}-{8 hex}`. */
  readonly instance?: string;
  readonly logger?: Logger;
  /** How long `stop` waits for handlers under way. Default 10,000. */
  readonly drainTimeoutMs?: number;
  /** Told of what this broker does. */
  readonly observer?: BrokerObserver;
}

/** A broker inside the process. Every service of the process connects to the same hub. */
export interface EmbeddedHub {
  connect(options: EmbeddedConnectOptions): Broker;
}

/**
 * Makes a hub: RabbitMQ's meaning without RabbitMQ. Messages cross it as bytes and arrive in a later turn of the event
 * loop. Nothing survives the process, the event logs included; queues nobody consumes grow without limit, and the
 * connection is never lost, so `reconnect` gaps and `onResync` do not happen.
 */
export function createEmbeddedHub(options: EmbeddedHubOptions = {}): EmbeddedHub {
  const clock = options.clock ?? systemClock;
  const exchanges = new EmbeddedExchanges(clock, options.journal ?? DEFAULT_JOURNAL_LIMITS);
  return {
    connect: ({ service, instance, logger = silentLogger, drainTimeoutMs = 10_000, observer }) => {
      const identity = { service, instance: instance ?? `${service}-${randomHex(8)}`, clock, logger };
      const transport = new EmbeddedTransport(exchanges, identity);
      return new ServiceBroker(transport, { ...identity, joinSettleMs: 10, drainTimeoutMs, observer });
    },
  };
}
