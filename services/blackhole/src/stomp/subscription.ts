import type { Variant } from '../core/dialect';
import type { StompVersion } from './codec';
import type { Destination } from './destinations';

export const ackModes = ['auto', 'client', 'client-individual'] as const;
export type AckMode = (typeof ackModes)[number];

/** What shows in the MESSAGE frames of a subscription. */
export interface StompVariant extends Variant {
  readonly version: StompVersion;
  readonly destination: Destination;
  /** Undefined: the client (1.0) gave none. */
  readonly subscriptionId: string | undefined;
  readonly ackMode: AckMode;
}

export function stompVariant(given: Omit<StompVariant, 'key'>): StompVariant {
  const { version, destination, subscriptionId, ackMode } = given;
  const key = JSON.stringify([version, ackMode, destination.text, subscriptionId ?? null]);
  return { ...given, key };
}

/** By what a session finds a subscription: its id, or in 1.0 its destination where it has none. */
export function subscriptionNameOf(subscriptionId: string | undefined, destination: string): string {
  return subscriptionId === undefined ? `destination ${destination}` : `id ${subscriptionId}`;
}

/** Unique per connection and message: the same event on two subscriptions is two messages to acknowledge. */
export function messageIdOf(prefix: string, sequence: number, variant: StompVariant): string {
  return `${prefix}-${sequence}-${variant.subscriptionId ?? variant.destination.text}`;
}
