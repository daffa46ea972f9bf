import type { Broker } from '@ringdown/broker';
import type { Readiness } from './service-module';

/** Whether an instance of a service with a database should get requests: broker and database stand, the tables are there, nobody stops it. */
export class ReadinessProbe {
  private draining = false;

  constructor(
    private readonly broker: Pick<Broker, 'status'>,
    private readonly database: { readonly state: string },
    private readonly schema: { readonly ready: boolean },
  ) {}

  beginDrain(): void {
    this.draining = true;
  }

  check(): Readiness {
    const { state, reason } = this.broker.status();
    const checks = {
      broker: state === 'ready' ? 'ok' : reason === undefined ? state : `${state}: ${reason}`,
      database: this.database.state,
      schema: this.schema.ready ? 'ok' : 'the tables are not up to date yet',
      process: this.draining ? 'shutting down' : 'ok',
    };
    return { ready: Object.values(checks).every((check) => check === 'ok'), checks };
  }
}
