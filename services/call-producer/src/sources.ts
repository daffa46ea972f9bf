import type { Clock, Logger } from '@ringdown/core';
import { createAsteriskSource } from './asterisk';
import { chosenSource, switchIdOf, type CallProducerSettings } from './config';
import type { CallSourceFactory } from './domain/call-source';
import { createSimulatorSource, type Documents } from './simulator';

/** The source the settings ask for. */
export function createSource(
  settings: CallProducerSettings,
  ports: { readonly documents: Documents; readonly logger: Logger; readonly clock: Clock },
): CallSourceFactory {
  switch (chosenSource(settings)) {
    case 'simulator':
      return createSimulatorSource({ ...settings, switchId: switchIdOf(settings) }, ports);
    case 'asterisk':
      return createAsteriskSource(settings, ports.logger);
  }
}
