import { Counter, Gauge, Histogram, Registry } from 'prom-client';

/** The APIs this service speaks; `none` is what belongs to no one's. */
export type DialectName = 'crossbar' | 'hub' | 'airy' | 'none';

/** What a request is counted under. Closed sets: route templates, never paths. */
export interface RequestLabels {
  readonly dialect: DialectName;
  readonly route: string;
  readonly method: string;
}

/** The numbers of this service. */
export class ApiMetrics {
  readonly registry = new Registry();
  private readonly requests: Counter<'dialect' | 'route' | 'method' | 'status'>;
  private readonly duration: Histogram<'dialect' | 'route' | 'method'>;
  private readonly timeouts: Counter<'dialect' | 'route'>;
  private readonly underWay: Gauge;

  constructor() {
    const registers = [this.registry];
    this.requests = new Counter({
      name: 'ringdown_api_requests_total',
      help: 'Answered requests by API, route template, method and status.',
      labelNames: ['dialect', 'route', 'method', 'status'],
      registers,
    });
    this.duration = new Histogram({
      name: 'ringdown_api_request_seconds',
      help: 'Time from the request headers to the answer.',
      labelNames: ['dialect', 'route', 'method'],
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
      registers,
    });
    this.timeouts = new Counter({
      name: 'ringdown_api_timeouts_total',
      help: 'Requests given up because another service did not answer in time.',
      labelNames: ['dialect', 'route'],
      registers,
    });
    this.underWay = new Gauge({
      name: 'ringdown_api_requests_in_flight',
      help: 'Requests that have no answer yet.',
      registers,
    });
  }

  began(): void {
    this.underWay.inc();
  }

  /** However it ended, also without an answer. */
  ended(): void {
    this.underWay.dec();
  }

  answered({ dialect, route, method }: RequestLabels, status: number, seconds: number): void {
    this.requests.inc({ dialect, route, method, status });
    this.duration.observe({ dialect, route, method }, seconds);
  }

  timedOut({ dialect, route }: Pick<RequestLabels, 'dialect' | 'route'>): void {
    this.timeouts.inc({ dialect, route });
  }
}
