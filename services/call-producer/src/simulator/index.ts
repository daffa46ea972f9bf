import type { Clock, Logger } from '@ringdown/core';
import type { CallSourceFactory } from '../domain/call-source';
import type { Documents } from './documents';
import { SimulatorSource } from './simulator-source';

export { type Documents, type Shelf } from './documents';

export interface SimulatorSettings {
  readonly switchId: string;
  readonly simulatorSeed: number;
  readonly simulatorMaxCalls: number;
}

/** A switch that is made up. `documents`: where its people, devices and office work are. */
export function createSimulatorSource(
  { switchId, simulatorSeed: seed, simulatorMaxCalls: maxCalls }: SimulatorSettings,
  ports: { readonly documents: Documents; readonly logger: Logger; readonly clock: Clock },
): CallSourceFactory {
  return (sourcePorts) => new SimulatorSource({ switchId, seed, maxCalls, ...ports }, sourcePorts);
}
