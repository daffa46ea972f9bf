import { Counter, Histogram, Registry } from 'prom-client';

/** The numbers of this service. Labels are closed sets: route templates, never paths. */
export class ApiMetrics {
  readonly registry = new Registry();
  private readonly requests: Counter<'route' | 'method' | 'status'>;
  private readonly duration: Histogram<'route' | 'method'>;
  private readonly timeouts: Counter<'route'>;

  constructor() {
    this.registry.setDefaultLabels({ service: 'api-gateway' });
    const registers = [this.registry];
    this.requests = new Counter({
      name: 'ringdown_api_requests_total',
      help: 'Answered requests by route template, method and status.',
      labelNames: ['route', 'method', 'status'],
      registers,
    });
    this.duration = new Histogram({
      name: 'ringdown_api_request_duration_seconds',
      help: 'Time from the request headers to the answer.',
      labelNames: ['route', 'method'],
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
      registers,
    });
    this.timeouts = new Counter({
      name: 'ringdown_api_rpc_timeouts_total',
      help: 'Requests given up because another service did not answer in time.',
      labelNames: ['route'],
      registers,
    });
  }

  answered(route: string, method: string, status: number, seconds: number): void {
    this.requests.inc({ route, method, status });
    this.duration.observe({ route, method }, seconds);
  }

  timedOut(route: string): void {
    this.timeouts.inc({ route });
  }
}
