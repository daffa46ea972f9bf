import { Counter, Gauge, Registry } from 'prom-client';
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
