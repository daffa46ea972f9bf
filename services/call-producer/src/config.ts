import { AppError } from '@ringdown/core';
import type { CallSourceName, Settings } from '@ringdown/config';

/** The settings this service reads. */
export type CallProducerSettings = Pick<
  Settings,
  | 'callSource'
  | 'callSwitch'
  | 'callSnapshotIntervalS'
  | 'journalMaxAgeS'
  | 'simulatorSeed'
  | 'simulatorMaxCalls'
  | 'asteriskHost'
  | 'asteriskAmiPort'
  | 'asteriskAmiUsername'
  | 'asteriskAmiPassword'
  | 'asteriskContext'
>;

/** A source that there is something to build from. */
export type ChosenSource = Exclude<CallSourceName, 'none'>;

/** Error: `validation_failed` when no source was chosen, in a sentence for whoever started the process. */
export function chosenSource({ callSource }: Pick<CallProducerSettings, 'callSource'>): ChosenSource {
  if (callSource === undefined || callSource === 'none') {
    throw new AppError(
      'validation_failed',
      'call-producer has no switch to serve: set RINGDOWN_CALL_SOURCE to asterisk (a live switch), simulator (made-up calls) or none.',
    );
  }
  return callSource;
}

/** Name of the switch, and with it of the claim: the source's unless it was given one. */
export function switchIdOf(settings: Pick<CallProducerSettings, 'callSource' | 'callSwitch'>): string {
  return settings.callSwitch ?? chosenSource(settings);
}

/**
 * Milliseconds between two snapshots. Error: `validation_failed` when a quiet call would leave the log, and with it the
 * registry, before the next snapshot names it again.
 */
export function snapshotIntervalMs({
  callSnapshotIntervalS: interval,
  journalMaxAgeS: age,
}: Pick<CallProducerSettings, 'callSnapshotIntervalS' | 'journalMaxAgeS'>): number {
  if (interval * 2 > age) {
    throw new AppError(
      'validation_failed',
      `RINGDOWN_CALL_SNAPSHOT_INTERVAL_S is ${interval}; it must be at most half of RINGDOWN_JOURNAL_MAX_AGE_S, which is ${age}: a quiet call would be forgotten between two snapshots.`,
    );
  }
  return interval * 1_000;
}
