import type { ServiceModule } from '@ringdown/runtime';
import { Registry } from 'prom-client';

/** RINGDOWN_CALL_SOURCE=none: calls are turned off, and where a process is expected there is one, ready and idle. */
export function idleCallProducer(name: string): ServiceModule {
  return {
    name,
    components: [],
    readiness: () => ({ ready: true, checks: { calls: 'ok' } }),
    beginDrain: () => undefined,
    metrics: new Registry(),
  };
}
