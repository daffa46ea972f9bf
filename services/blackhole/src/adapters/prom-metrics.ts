import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { closeReasons, foreignCloseCodes } from '../core/close-codes';
import type { GatewayMetrics } from '../core/metrics';

/** What the gauges read at every scrape. */
export interface GatewayGauges {
  sockets(): number;
  /** Of every protocol there is, the idle ones too. */
  socketsByProtocol(): ReadonlyMap<string, number>;
  authenticatedSockets(): number;
  subscriptions(): number;
  bindings(): number;
  queuedBytes(): number;
}

export interface PromMetrics extends GatewayMetrics {
  readonly registry: Registry;
  /** The parts exist only after the metrics they are given. */
  observe(gauges: GatewayGauges): void;
}

export function createPromMetrics(): PromMetrics {
  const registry = new Registry();
  const registers = [registry];
  const counter = <Label extends string>(name: string, help: string, labelNames: Label[]) =>
    new Counter({ name, help, labelNames, registers });

  const received = counter('ringdown_blackhole_events_received_total', 'Usable events from the broker', [
    'family',
  ]);
  const dropped = counter(
    'ringdown_blackhole_events_dropped_total',
    'Messages from the broker that became no event, by reason',
    ['reason'],
  );
  const queued = counter('ringdown_blackhole_frames_total', 'Event frames queued for sockets', []);
  const gaps = counter('ringdown_blackhole_gaps_total', 'Times events may have been missed', ['reason']);
  // There before the first one, so that it shows as an increase.
  for (const reason of ['broker_reconnect', 'queue_overflow', 'consumer_cancelled']) gaps.inc({ reason }, 0);
  const refused = counter('ringdown_blackhole_upgrades_refused_total', 'Refused upgrades by status', [
    'status',
  ]);
  const requests = counter('ringdown_blackhole_requests_total', 'Client requests by action', ['action']);
  const failed = counter(
    'ringdown_blackhole_requests_failed_total',
    'Client requests answered with an error',
    ['reason'],
  );
  const closed = counter('ringdown_blackhole_closes_total', 'Closed sockets by code', ['code', 'reason']);
  const slow = counter(
    'ringdown_blackhole_slow_closes_total',
    'Sockets closed because they read too slowly',
    [],
  );
  const withheld = counter(
    'ringdown_blackhole_deliveries_withheld_total',
    'Deliveries held back while access could not be checked',
    ['reason'],
  );
  const snapshots = counter('ringdown_blackhole_snapshots_total', 'Snapshots asked for, by outcome', [
    'outcome',
  ]);
  const latency = new Histogram({
    name: 'ringdown_blackhole_publish_to_write_seconds',
    help: "From an event's own timestamp until its frames were handed to the sockets",
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
    registers,
  });
  return {
    registry,
    observe: (gauges) => registerGauges(registry, gauges),
    eventReceived: (family) => received.inc({ family }),
    eventDropped: (reason) => dropped.inc({ reason }),
    framesQueued: (count) => queued.inc(count),
    publishToWrite: (latencyMs) => latency.observe(latencyMs / 1000),
    gap: (reason) => gaps.inc({ reason }),
    upgradeRefused: (status) => refused.inc({ status }),
    requestReceived: (action) => requests.inc({ action }),
    requestFailed: (reason) => failed.inc({ reason }),
    // Clients choose the code of their close, so unknown ones share a label.
    socketClosed: (code, reason) =>
      closed.inc(reason === 'other' ? { code: 'other', reason } : { code, reason }),
    slowClose: () => slow.inc(),
    deliveryWithheld: (reason) => withheld.inc({ reason }),
    snapshot: (outcome) => snapshots.inc({ outcome }),
  };
}

/** The label for a close: ours by name, the well-known ones by name, anything else `other`. */
export function closeLabel(code: number, ours: string | undefined): string {
  if (ours !== undefined) return ours;
  return foreignCloseCodes[code] ?? (code === closeReasons.internal.code ? 'internal' : 'other');
}

function registerGauges(registry: Registry, gauges: GatewayGauges): void {
  const gauge = (name: string, help: string, read: () => number): void => {
    new Gauge({
      name: `ringdown_blackhole_${name}`,
      help,
      registers: [registry],
      collect() {
        this.set(read());
      },
    });
  };
  gauge('sockets', 'Open sockets', gauges.sockets);
  new Gauge({
    name: 'ringdown_blackhole_protocol_sockets',
    help: 'Open sockets by protocol',
    labelNames: ['protocol'],
    registers: [registry],
    collect() {
      for (const [protocol, sockets] of gauges.socketsByProtocol()) this.set({ protocol }, sockets);
    },
  });
  gauge('authenticated_sockets', 'Open sockets with a principal', gauges.authenticatedSockets);
  gauge('subscriptions', 'Subscriptions of all sockets', gauges.subscriptions);
  gauge('broker_bindings', 'Distinct bindings on the broker', gauges.bindings);
  gauge('queued_bytes', 'Bytes waiting for all sockets', gauges.queuedBytes);
}
