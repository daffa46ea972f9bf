import type { OperationHandler } from '@ringdown/broker';
import { apiAuth, loginUser, userAuth } from '@ringdown/contracts';
import { isAppError } from '@ringdown/core';
import { observeDatabase, type ObservedDatabase } from '@ringdown/runtime';
import { Counter, Registry } from 'prom-client';

/** Ways to log in, by the name of their operation. */
const LOGINS: ReadonlyMap<string, string> = new Map([
  [userAuth.name, 'user_auth'],
  [loginUser.name, 'users_login'],
  [apiAuth.name, 'api_key'],
]);

/** What this service counts. */
export interface ObjectProducerMetrics {
  readonly registry: Registry;
  /** The same handler; attempts to log in are counted by outcome. */
  counted(handler: OperationHandler): OperationHandler;
}

export function createPromMetrics(parts: Omit<ObservedDatabase, 'service'>): ObjectProducerMetrics {
  const registry = new Registry();
  observeDatabase(registry, { ...parts, service: 'object-producer' });
  const logins = new Counter({
    name: 'ringdown_object_producer_logins_total',
    help: 'Attempts to log in, by outcome: ok, unauthorized (wrong credentials), rate_limited, or another error code',
    labelNames: ['method', 'outcome'],
    registers: [registry],
  });
  return {
    registry,
    counted: (handler) => {
      const method = LOGINS.get(handler.operation.name);
      if (method === undefined) return handler;
      return {
        operation: handler.operation,
        run: async (payload, context) => {
          try {
            const answer = await handler.run(payload, context);
            logins.inc({ method, outcome: 'ok' });
            return answer;
          } catch (error) {
            logins.inc({ method, outcome: isAppError(error) ? error.code : 'internal' });
            throw error;
          }
        },
      };
    },
  };
}
