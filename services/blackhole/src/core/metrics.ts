/** What the gateway counts; the adapter knows the metrics library. */
export interface GatewayMetrics {
  eventReceived(family: string): void;
  eventDropped(reason: string): void;
  framesQueued(count: number): void;
  /** Milliseconds from an event's own timestamp until its frames were handed to the sockets. */
  publishToWrite(latencyMs: number): void;
  gap(reason: string): void;
  upgradeRefused(status: number): void;
  /** A request answered with an error, by stage. */
  requestFailed(stage: string): void;
  requestReceived(action: string): void;
  socketClosed(code: number, reason: string): void;
  slowClose(): void;
  deliveryWithheld(reason: string): void;
  /** A snapshot was asked for: `ok`, or the code of the error. */
  snapshot(outcome: string): void;
}

export const noMetrics: GatewayMetrics = {
  eventReceived: () => undefined,
  eventDropped: () => undefined,
  framesQueued: () => undefined,
  publishToWrite: () => undefined,
  gap: () => undefined,
  upgradeRefused: () => undefined,
  requestFailed: () => undefined,
  requestReceived: () => undefined,
  socketClosed: () => undefined,
  slowClose: () => undefined,
  deliveryWithheld: () => undefined,
  snapshot: () => undefined,
};
