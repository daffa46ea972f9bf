/** What the container knows, in start order. */
export const TOKENS = {
  database: Symbol('database'),
  health: Symbol('health'),
  broker: Symbol('broker'),
  accounts: Symbol('accounts'),
  drainer: Symbol('drainer'),
  stores: Symbol('stores'),
  writer: Symbol('writer'),
  schema: Symbol('schema'),
  metrics: Symbol('metrics'),
  deliverer: Symbol('deliverer'),
  useCases: Symbol('useCases'),
  janitor: Symbol('janitor'),
  requests: Symbol('requests'),
  simulator: Symbol('simulator'),
} as const;
