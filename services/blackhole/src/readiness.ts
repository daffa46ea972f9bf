import type { PrincipalDirectory } from '@ringdown/auth';
import type { Broker } from '@ringdown/broker';
import type { Readiness } from '@ringdown/runtime';
import type { Gateway } from './core/gateway';

export interface ReadinessParts {
  readonly broker: Pick<Broker, 'status'>;
  readonly directory: Pick<PrincipalDirectory, 'ready'>;
  readonly gateway: Pick<Gateway, 'accepting'>;
}

/** Ready while the broker answers, access can be decided and sockets are taken. */
export function blackholeReadiness({ broker, directory, gateway }: ReadinessParts): Readiness {
  const { state } = broker.status();
  const checks = {
    broker: state === 'ready' ? 'ok' : `the broker connection is ${state}`,
    authorization: directory.ready ? 'ok' : 'revocations are not loaded yet',
    sockets: gateway.accepting ? 'ok' : 'no sockets are taken',
  };
  return { ready: Object.values(checks).every((check) => check === 'ok'), checks };
}
