/** What the container knows, in start order. */
export const TOKENS = {
  broker: Symbol('broker'),
  directory: Symbol('directory'),
  metrics: Symbol('metrics'),
  envelopes: Symbol('envelopes'),
  dispatcher: Symbol('dispatcher'),
  schemas: Symbol('schemas'),
  resources: Symbol('resources'),
  readiness: Symbol('readiness'),
  listener: Symbol('listener'),
} as const;
