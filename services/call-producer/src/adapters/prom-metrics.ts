import type { OperationHandler } from '@ringdown/broker';
import type { CommandOutcome, WireMessage } from '@ringdown/contracts';
import { isAppError } from '@ringdown/core';
import { Counter, Gauge, Registry } from 'prom-client';
import type { PublisherCounters } from '../app/event-publisher';
import type { TenureCounters } from '../app/tenure';

/** What the gauges read at every scrape. */
export interface ProducerGauges {
  /** This instance serves the switch. */
  active(): boolean;
  /** It can be acted on. */
  connected(): boolean;
  channels(): number;
  endpoints(): number;
  waitingEvents(): number;
}

/** What this service counts. */
export interface CallProducerMetrics extends PublisherCounters, TenureCounters {
  readonly registry: Registry;
  /** The same handler of commands, counted by what came of them. */
  counted(handler: OperationHandler): OperationHandler;
  /** The parts exist only after the metrics they are given. */
  observe(gauges: ProducerGauges): void;
}

export function createPromMetrics(): CallProducerMetrics {
  const registry = new Registry();
  const registers = [registry];
  const counter = <Label extends string>(name: string, help: string, labelNames: Label[] = []) =>
    new Counter({ name: `ringdown_call_producer_${name}`, help, labelNames, registers });

  const events = counter('events_total', 'Events the broker confirmed, by exchange and name', [
    'exchange',
    'event',
  ]);
  const lost = counter('events_lost_total', 'Events dropped because the broker took them too slowly or not');
  const refused = counter('events_refused_total', 'Events of the source that were none');
  const snapshots = counter('snapshots_total', 'Snapshots of all live channels written into the log');
  const commands = counter(
    'commands_total',
    'Commands to the switch, by outcome: confirmed by an event, accepted (nothing proved it), or an error code',
    ['operation', 'outcome'],
  );

  return {
    registry,
    published: ({ exchange, type }: WireMessage) => events.inc({ exchange, event: type ?? '' }),
    lost: (count) => lost.inc(count),
    refused: () => refused.inc(),
    snapshotTaken: () => snapshots.inc(),
    counted: ({ operation, run }) => ({
      operation,
      run: async (payload, context) => {
        try {
          const answer = (await run(payload, context)) as CommandOutcome;
          commands.inc({ operation: operation.name, outcome: answer.status });
          return answer;
        } catch (error) {
          commands.inc({ operation: operation.name, outcome: isAppError(error) ? error.code : 'internal' });
          throw error;
        }
      },
    }),
    observe: (gauges) => {
      const gauge = (name: string, help: string, read: () => number): Gauge =>
        new Gauge({
          name: `ringdown_call_producer_${name}`,
          help,
          registers,
          collect() {
            this.set(read());
          },
        });
      gauge('active', '1 on the instance that serves the switch', () => Number(gauges.active()));
      gauge('switch_connected', '1 while the switch can be acted on here', () => Number(gauges.connected()));
      gauge('channels', 'Live channels of the switch', () => gauges.channels());
      gauge('endpoints', 'SIP devices known by name', () => gauges.endpoints());
      gauge('events_waiting', 'Events not confirmed yet', () => gauges.waitingEvents());
    },
  };
}
