import type { Settings } from '@ringdown/config';

/** The settings this service reads. */
export type MessageProducerSettings = Pick<
  Settings,
  | 'databaseUrl'
  | 'dataDir'
  | 'messagingCallbackPrivateAddresses'
  | 'messagingDeliveryAttempts'
  | 'messagingDeliveryConcurrency'
  | 'messagingDeliveryRetryMs'
  | 'messagingDeliveryTimeoutMs'
  | 'messagingSimulator'
  | 'messagingVisitorTtlS'
  | 'simulatorSeed'
>;
