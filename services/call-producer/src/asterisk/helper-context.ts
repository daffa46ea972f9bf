import { messageOf, type Logger } from '@ringdown/core';
import type { AmiSession } from './ami/ami-session';

/** Dialplan context that this service adds to the switch while it runs there. No telephone can dial into it. */
export const HELPER_CONTEXT = 'ringdown-commands';

/** Where Local channels and set-aside calls enter it. */
export const HELPERS = {
  /** Music of class `RINGDOWN_MOH`, else the switch's default, until the call is fetched; the end of it after that. */
  hold: 'hold',
  /** Speaks into the call of `RINGDOWN_CHANNEL` what the other half of the Local pair plays. */
  whisper: 'whisper',
  barge: 'barge',
  /** Rings everybody in `RINGDOWN_DIAL`. */
  dial: 'dial',
  /** The same as a whisper, for the conference `RINGDOWN_CONFERENCE`. */
  conference: 'conference',
} as const;

const FETCHED = '$["${RINGDOWN_FETCHED}" = "1"]?Hangup(16)';

/** Extension, application, its argument; in the order of the priorities. */
const STEPS: readonly (readonly [string, string, string])[] = [
  [HELPERS.hold, 'MusicOnHold', '${RINGDOWN_MOH}'],
  // Whoever was fetched comes back here when that conversation is over.
  [HELPERS.hold, 'ExecIf', FETCHED],
  // An unknown class ends at once: the default plays then, and silence where there is no music at all.
  [HELPERS.hold, 'MusicOnHold', ''],
  [HELPERS.hold, 'ExecIf', FETCHED],
  [HELPERS.hold, 'Wait', '86400'],
  [HELPERS.whisper, 'ChanSpy', '${RINGDOWN_CHANNEL},qwES'],
  [HELPERS.barge, 'ChanSpy', '${RINGDOWN_CHANNEL},qBES'],
  [HELPERS.dial, 'Dial', '${RINGDOWN_DIAL},60'],
  [HELPERS.conference, 'Set', 'CONFBRIDGE(user,quiet)=yes'],
  [HELPERS.conference, 'Set', 'CONFBRIDGE(user,admin)=yes'],
  [HELPERS.conference, 'ConfBridge', '${RINGDOWN_CONFERENCE}'],
];

/**
 * Adds the helper context over the manager interface; nothing is written into the switch's configuration. Undefined when
 * that worked, else one sentence on what is missing.
 */
export async function installHelpers(session: AmiSession, logger: Logger): Promise<string | undefined> {
  const priorities = new Map<string, number>();
  try {
    for (const [extension, application, data] of STEPS) {
      const priority = (priorities.get(extension) ?? 0) + 1;
      priorities.set(extension, priority);
      await session.action('DialplanExtensionAdd', {
        Context: HELPER_CONTEXT,
        Extension: extension,
        Priority: String(priority),
        Application: application,
        ...(data === '' ? {} : { ApplicationData: data }),
        Replace: 'yes',
      });
    }
    return undefined;
  } catch (error) {
    const problem = `the dialplan context ${HELPER_CONTEXT} could not be added (the manager account needs write permission for "system")`;
    logger.warn(`${problem}: hold, play and calls to several devices are not available`, {
      reason: messageOf(error),
    });
    return problem;
  }
}
