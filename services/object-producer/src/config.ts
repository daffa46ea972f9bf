import type { Settings } from '@ringdown/config';

/** The settings this service reads. */
export type ObjectProducerSettings = Pick<
  Settings,
  'databaseUrl' | 'dataDir' | 'authSecrets' | 'authTokenTtlS' | 'authAttemptsPerMinute' | 'bootstrap'
>;
