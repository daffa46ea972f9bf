import { AppError, systemClock, type Logger } from '@ringdown/core';
import type { CallSourceFactory } from '../domain/call-source';
import { switchIdOf, type CallProducerSettings } from '../config';
import { AsteriskSource } from './asterisk-source';

export type AsteriskSettings = Pick<
  CallProducerSettings,
  | 'callSource'
  | 'callSwitch'
  | 'asteriskHost'
  | 'asteriskAmiPort'
  | 'asteriskAmiUsername'
  | 'asteriskAmiPassword'
  | 'asteriskContext'
>;

/** A source of the calls of a live Asterisk. Error: `validation_failed` without the manager account's secret. */
export function createAsteriskSource(settings: AsteriskSettings, logger: Logger): CallSourceFactory {
  const { asteriskAmiPassword: password } = settings;
  if (password === undefined) {
    throw new AppError(
      'validation_failed',
      'the switch cannot be logged in to: set RINGDOWN_ASTERISK_AMI_PASSWORD to the secret of its manager account.',
    );
  }
  const options = {
    switchId: switchIdOf(settings),
    host: settings.asteriskHost,
    port: settings.asteriskAmiPort,
    username: settings.asteriskAmiUsername,
    password,
    context: settings.asteriskContext,
    clock: systemClock,
  };
  return (ports) => new AsteriskSource(options, ports, logger.child({ source: 'asterisk' }));
}
