import type { Broker } from '@ringdown/broker';
import type { Readiness } from '@ringdown/runtime';

export interface ReadinessParts {
  readonly broker: Pick<Broker, 'status'>;
  readonly holder: { readonly standby: boolean; problem(): string | undefined };
  readonly draining: () => boolean;
}

/**
 * A standby is as ready as it can be, and says that it is one by the check it answers; the instance that serves the switch
 * is ready when the switch can be acted on.
 */
export function callProducerReadiness({ broker, holder, draining }: ReadinessParts): Readiness {
  const { state, reason } = broker.status();
  const checks: Record<string, string> = {
    broker: state === 'ready' ? 'ok' : reason === undefined ? state : `${state}: ${reason}`,
    ...(holder.standby ? { standby: 'ok' } : { switch: holder.problem() ?? 'ok' }),
    process: draining() ? 'shutting down' : 'ok',
  };
  return { ready: Object.values(checks).every((check) => check === 'ok'), checks };
}
