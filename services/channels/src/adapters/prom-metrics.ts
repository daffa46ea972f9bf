import type { OperationHandler } from '@ringdown/broker';
import { isAppError } from '@ringdown/core';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { ChannelsMetrics } from '../app/metrics';

/** What the gauges read at every scrape. */
export interface ChannelsGauges {
  channels(): number;
  unowned(): number;
  accounts(): number;
  offset(): number;
  caughtUp(): boolean;
}

export interface PromMetrics extends ChannelsMetrics {
  readonly registry: Registry;
  /** The same handler, counted by operation and outcome. */
  counted(handler: OperationHandler): OperationHandler;
  /** The parts exist only after the metrics they are given. */
  observe(gauges: ChannelsGauges): void;
}

export function createPromMetrics(): PromMetrics {
  const registry = new Registry();
  const registers = [registry];
  const counter = <Label extends string>(name: string, help: string, labelNames: Label[]) =>
    new Counter({ name: `ringdown_channels_${name}`, help, labelNames, registers });

  const folded = counter('folded_total', 'Log entries folded, by outcome', ['outcome']);
  const rejected = counter('rejected_total', 'Log entries that could not be used, by reason', ['reason']);
  const expired = counter('expired_total', 'Channels that left with their last log entry', []);
  const truncated = counter('truncations_total', 'Times log entries were gone before they were read', []);
  const resets = counter('resets_total', 'Times the log was made anew', []);
  const requests = counter('requests_total', 'Requests by operation and outcome (ok or an error code)', [
    'operation',
    'outcome',
  ]);
  const seconds = new Histogram({
    name: 'ringdown_channels_request_seconds',
    help: 'Time to answer a request',
    labelNames: ['operation'],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5],
    registers,
  });
  const lag = new Gauge({
    name: 'ringdown_channels_log_lag_seconds',
    help: 'Age of the log entry folded last when it was folded',
    registers,
  });
  return {
    registry,
    folded: (outcome) => folded.inc({ outcome }),
    rejected: (reason) => rejected.inc({ reason }),
    lag: (ms) => lag.set(ms / 1000),
    expired: (channels) => expired.inc(channels),
    truncated: () => truncated.inc(),
    reset: () => resets.inc(),
    observe: (gauges) => registerGauges(registry, gauges),
    counted: ({ operation, run }) => ({
      operation,
      run: async (payload, context) => {
        const end = seconds.startTimer({ operation: operation.name });
        try {
          const answer = await run(payload, context);
          requests.inc({ operation: operation.name, outcome: 'ok' });
          return answer;
        } catch (error) {
          requests.inc({ operation: operation.name, outcome: isAppError(error) ? error.code : 'internal' });
          throw error;
        } finally {
          end();
        }
      },
    }),
  };
}

function registerGauges(registry: Registry, gauges: ChannelsGauges): void {
  const gauge = (name: string, help: string, read: () => number): void => {
    new Gauge({
      name: `ringdown_channels_${name}`,
      help,
      registers: [registry],
      collect() {
        this.set(read());
      },
    });
  };
  gauge('live', 'Live channels', gauges.channels);
  gauge('live_unowned', 'Live channels that belong to no switch', gauges.unowned);
  gauge('accounts', 'Accounts with live channels', gauges.accounts);
  gauge('log_offset', 'Offset of the log up to which everything is folded', gauges.offset);
  gauge('caught_up', '1 while the fold has caught up with the log', () => (gauges.caughtUp() ? 1 : 0));
}
