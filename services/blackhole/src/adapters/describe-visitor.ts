import type { Broker } from '@ringdown/broker';
import { describeVisitor } from '@ringdown/contracts';
import type { DescribeVisitor } from '../chatplugin/visitors';

const TIMEOUT_MS = 3_000;

/** Asks message-producer, which keeps the tokens. */
export function visitorsOf(broker: Pick<Broker, 'request'>): DescribeVisitor {
  return (token) => broker.request(describeVisitor, { token }, { timeoutMs: TIMEOUT_MS });
}
