import type { DependencyContainer } from 'tsyringe';
import type { Readiness } from '@ringdown/runtime';
import { tokens } from './tokens';

/** Ready while the broker answers, access can be decided and sockets are taken. */
export function blackholeReadiness(container: DependencyContainer): Readiness {
  const { state } = container.resolve(tokens.broker).status();
  const checks = {
    broker: state === 'ready' ? 'ok' : `the broker connection is ${state}`,
    authorization: container.resolve(tokens.directory).ready ? 'ok' : 'revocations are not loaded yet',
    sockets: container.resolve(tokens.gateway).accepting ? 'ok' : 'no sockets are taken',
  };
  return { ready: Object.values(checks).every((check) => check === 'ok'), checks };
}
