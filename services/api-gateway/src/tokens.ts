/** What the container knows, in start order. */
export const TOKENS = {
  broker: Symbol('broker'),
  directory: Symbol('directory'),
  metrics: Symbol('metrics'),
  envelopes: Symbol('envelopes'),
  front: Symbol('front'),
  dispatcher: Symbol('dispatcher'),
  schemas: Symbol('schemas'),
  resources: Symbol('resources'),
  /** Routers of the dialects beside `/v2`. */
  dialects: Symbol('dialects'),
  readiness: Symbol('readiness'),
  listener: Symbol('listener'),
} as const;
