import type { ErrorCode } from '@ringdown/core';
import type { BrokerStatus } from './broker';

/** What became of a message: `unroutable` was confirmed, too, but no queue took it. */
export type PublishOutcome = 'confirmed' | 'unroutable' | ErrorCode;

/** What became of a request. */
export type RequestOutcome = 'ok' | ErrorCode;

/** Of a broker, read whenever somebody looks. */
export interface BrokerVitals {
  status(): BrokerStatus;
  /** A connection stands, whatever else is missing to be ready. */
  connected(): boolean;
  /** Published, not confirmed: on their way or waiting for the broker. */
  unconfirmed(): { readonly messages: number; readonly bytes: number };
  /** Requests sent from here whose answer is awaited. */
  readonly pendingRequests: number;
}

/**
 * Told of what a broker does, for who counts it. Called in the middle of things: must not throw and must be quick. Every
 * name it is given is from a closed set (exchanges, services and operations of the contracts), fit for a label.
 */
export interface BrokerObserver {
  /** Once, before anything else. */
  watch(vitals: BrokerVitals): void;
  /** The connection to the broker was lost. */
  disconnected(): void;
  published(exchange: string, outcome: PublishOutcome, elapsedMs: number): void;
  /** A request sent from here has ended. */
  asked(service: string, operation: string, outcome: RequestOutcome, elapsedMs: number): void;
  /** A request that came here has ended; from its arrival, the wait for its turn included. */
  answered(operation: string, outcome: RequestOutcome, elapsedMs: number): void;
  /** A request that came here was not looked at: too late, or somebody died with it before. */
  dropped(reason: 'expired' | 'redelivered'): void;
}

/** For brokers that nobody counts. */
export const noObserver: BrokerObserver = {
  watch: () => undefined,
  disconnected: () => undefined,
  published: () => undefined,
  asked: () => undefined,
  answered: () => undefined,
  dropped: () => undefined,
};
