import type { BrokerObserver, BrokerVitals } from '@ringdown/broker';
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/**
 * What the brokers of this process do, told apart by the label `service`: one process may hold several services, each with
 * a connection of its own.
 */
export class BrokerMetrics {
  private readonly vitals = new Map<string, BrokerVitals>();
  private readonly disconnects: Counter<'service'>;
  private readonly publishes: Counter<'service' | 'exchange' | 'outcome'>;
  private readonly confirmSeconds: Histogram<'service' | 'exchange'>;
  private readonly requests: Counter<'service' | 'to' | 'operation' | 'outcome'>;
  private readonly requestSeconds: Histogram<'service' | 'to' | 'operation'>;
  private readonly answers: Counter<'service' | 'operation' | 'outcome'>;
  private readonly answerSeconds: Histogram<'service' | 'operation'>;
  private readonly dropped: Counter<'service' | 'reason'>;

  constructor(registry: Registry) {
    const registers = [registry];
    const name = (what: string): string => `ringdown_broker_${what}`;
    this.disconnects = new Counter({
      name: name('disconnects_total'),
      help: 'Times the connection to the broker was lost',
      labelNames: ['service'],
      registers,
    });
    this.publishes = new Counter({
      name: name('publishes_total'),
      help: 'Messages published, by outcome: confirmed, unroutable (no queue took it), or an error code',
      labelNames: ['service', 'exchange', 'outcome'],
      registers,
    });
    this.confirmSeconds = new Histogram({
      name: name('confirm_seconds'),
      help: "Time from publishing a message to the broker's confirm",
      labelNames: ['service', 'exchange'],
      buckets: SECONDS,
      registers,
    });
    this.requests = new Counter({
      name: name('requests_total'),
      help: 'Requests sent to other services, by outcome: ok or an error code (timeout, unavailable, …)',
      labelNames: ['service', 'to', 'operation', 'outcome'],
      registers,
    });
    this.requestSeconds = new Histogram({
      name: name('request_seconds'),
      help: 'Time until a request sent to another service had ended',
      labelNames: ['service', 'to', 'operation'],
      buckets: SECONDS,
      registers,
    });
    this.answers = new Counter({
      name: name('answers_total'),
      help: 'Requests of other services answered, by outcome: ok or an error code',
      labelNames: ['service', 'operation', 'outcome'],
      registers,
    });
    this.answerSeconds = new Histogram({
      name: name('answer_seconds'),
      help: 'Time from the arrival of a request to its answer, the wait for its turn included',
      labelNames: ['service', 'operation'],
      buckets: SECONDS,
      registers,
    });
    this.dropped = new Counter({
      name: name('requests_dropped_total'),
      help: 'Requests of other services that were not looked at: expired or redelivered',
      labelNames: ['service', 'reason'],
      registers,
    });
    this.gauge(registry, 'connected', '1 while connected to the broker', (it) => Number(it.connected()));
    this.gauge(registry, 'ready', '1 while connected, not blocked and up to date', ({ status }) =>
      Number(status().state === 'ready'),
    );
    this.gauge(
      registry,
      'blocked',
      '1 while the broker refuses to take messages (memory or disk alarm)',
      ({ status }) => Number(status().state === 'blocked'),
    );
    this.gauge(
      registry,
      'unconfirmed_messages',
      'Messages published and not confirmed yet',
      (it) => it.unconfirmed().messages,
    );
    this.gauge(
      registry,
      'unconfirmed_bytes',
      'Bytes of the messages published and not confirmed yet',
      (it) => it.unconfirmed().bytes,
    );
    this.gauge(
      registry,
      'requests_pending',
      'Requests sent to other services whose answer is awaited',
      (it) => it.pendingRequests,
    );
  }

  /** Counts what the broker of `service` does. */
  observerOf(service: string): BrokerObserver {
    this.disconnects.inc({ service }, 0);
    return {
      watch: (vitals) => void this.vitals.set(service, vitals),
      disconnected: () => this.disconnects.inc({ service }),
      published: (exchange, outcome, elapsedMs) => {
        this.publishes.inc({ service, exchange, outcome });
        if (outcome === 'confirmed' || outcome === 'unroutable') {
          this.confirmSeconds.observe({ service, exchange }, elapsedMs / 1000);
        }
      },
      asked: (to, operation, outcome, elapsedMs) => {
        this.requests.inc({ service, to, operation, outcome });
        this.requestSeconds.observe({ service, to, operation }, elapsedMs / 1000);
      },
      answered: (operation, outcome, elapsedMs) => {
        this.answers.inc({ service, operation, outcome });
        this.answerSeconds.observe({ service, operation }, elapsedMs / 1000);
      },
      dropped: (reason) => this.dropped.inc({ service, reason }),
    };
  }

  private gauge(
    registry: Registry,
    what: string,
    help: string,
    read: (vitals: BrokerVitals) => number,
  ): void {
    const { vitals } = this;
    new Gauge({
      name: `ringdown_broker_${what}`,
      help,
      labelNames: ['service'],
      registers: [registry],
      collect() {
        for (const [service, it] of vitals) this.set({ service }, read(it));
      },
    });
  }
}
