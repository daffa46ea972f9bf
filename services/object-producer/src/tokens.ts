/** What the container knows, in start order. */
export const TOKENS = {
  database: Symbol('database'),
  health: Symbol('health'),
  broker: Symbol('broker'),
  drainer: Symbol('drainer'),
  writer: Symbol('writer'),
  stores: Symbol('stores'),
  bootstrap: Symbol('bootstrap'),
  rootAccount: Symbol('rootAccount'),
  schema: Symbol('schema'),
  useCases: Symbol('useCases'),
  metrics: Symbol('metrics'),
  janitor: Symbol('janitor'),
  requests: Symbol('requests'),
} as const;
