import { AppError, type Clock, type Logger, randomHex, silentLogger, systemClock } from '@ringdown/core';
import type { Broker } from '../broker';
import type { BrokerObserver } from '../observer';
import { ServiceBroker } from '../shared/service-broker';
import { DEFAULT_JOURNAL_LIMITS, type JournalLimits } from '../shared/topology';
import { AmqpTransport } from './amqp-transport';
import type { OutboxLimits } from './outbox';

export interface AmqpBrokerOptions {
  /** `amqp://` or `amqps://`; several are tried in turn. */
  readonly urls: readonly string[];
  readonly service: string;
  /** Default `{service}-{8 hex}`. */
  readonly instance?: string;
  readonly logger?: Logger;
  /** Published but not confirmed. Default 10,000 messages, 64 MiB. */
  readonly outbox?: Partial<OutboxLimits>;
  /** What the event logs keep that this process makes; one that exists keeps its own. Default one day, 512 MiB. */
  readonly journal?: JournalLimits;
  /** How long `stop` waits for handlers under way. Default 10,000. */
  readonly drainTimeoutMs?: number;
  readonly clock?: Clock;
  /** Told of what this broker does. */
  readonly observer?: BrokerObserver;
}

/** Long enough for a broker on the same network to carry a question and its answers. */
const JOIN_SETTLE_MS = 50;

/** The Broker over RabbitMQ 3.10 or later. It connects at `start`, and stays connected until `stop`. */
export function createAmqpBroker(options: AmqpBrokerOptions): Broker {
  const { urls, service, logger = silentLogger, clock = systemClock, drainTimeoutMs = 10_000 } = options;
  if (urls.length === 0) throw new AppError('bad_request', 'no broker URL given');
  const instance = options.instance ?? `${service}-${randomHex(8)}`;
  const identity = { service, instance, clock, logger };
  const outbox = { maxMessages: 10_000, maxBytes: 64 * 1024 * 1024, ...options.outbox };
  const journal = options.journal ?? DEFAULT_JOURNAL_LIMITS;
  const transport = new AmqpTransport({ ...identity, urls, outbox, journal });
  const { observer } = options;
  return new ServiceBroker(transport, {
    ...identity,
    joinSettleMs: JOIN_SETTLE_MS,
    drainTimeoutMs,
    observer,
  });
}
