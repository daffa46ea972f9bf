import type { Broker } from '@ringdown/broker';
import type { Readiness } from '@ringdown/runtime';
import type { LogFollower } from './app/log-follower';

export interface ReadinessParts {
  readonly broker: Pick<Broker, 'status'>;
  readonly follower: Pick<LogFollower, 'problem'>;
  readonly draining: boolean;
}

/** Ready while the broker answers and the fold has caught up with the log. */
export function channelsReadiness({ broker, follower, draining }: ReadinessParts): Readiness {
  const { state, reason } = broker.status();
  const checks = {
    broker: state === 'ready' ? 'ok' : reason === undefined ? state : `${state}: ${reason}`,
    log: follower.problem ?? 'ok',
    process: draining ? 'shutting down' : 'ok',
  };
  return { ready: Object.values(checks).every((check) => check === 'ok'), checks };
}
