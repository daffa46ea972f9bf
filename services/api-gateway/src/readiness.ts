import type { PrincipalDirectory } from '@ringdown/auth';
import type { Broker } from '@ringdown/broker';
import type { Readiness } from '@ringdown/runtime';

/** Says whether this instance should get requests: the broker stands, access can be decided, nobody is shutting it down. */
export class ReadinessProbe {
  private draining = false;

  constructor(
    private readonly broker: Pick<Broker, 'status'>,
    private readonly directory: Pick<PrincipalDirectory, 'ready'>,
  ) {}

  beginDrain(): void {
    this.draining = true;
  }

  check(): Readiness {
    const { state, reason } = this.broker.status();
    const checks = {
      broker: state === 'ready' ? 'ok' : reason === undefined ? state : `${state}: ${reason}`,
      directory: this.directory.ready ? 'ok' : 'revocations and accounts are not loaded yet',
      process: this.draining ? 'shutting down' : 'ok',
    };
    return { ready: Object.values(checks).every((check) => check === 'ok'), checks };
  }
}
