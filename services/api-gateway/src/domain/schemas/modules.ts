/** Metaflow modules that become a command to the switch. */
export const callCommandModules = [
  'break',
  'callflow',
  'hangup',
  'hold',
  'hold_control',
  'intercept',
  'move',
  'park',
  'play',
  'record_call',
  'resume',
  'transfer',
] as const;

export type CallCommandModule = (typeof callCommandModules)[number];

/** Metaflow modules that Kazoo has and no switch of ours can do: known, checked, and refused as not implemented. */
export const otherModules = ['audio_level', 'pivot', 'relate', 'say', 'sound_touch', 'tts'] as const;

export function isCallCommandModule(word: string): word is CallCommandModule {
  return callCommandModules.some((module) => module === word);
}

export function isKnownModule(word: string): boolean {
  return isCallCommandModule(word) || otherModules.some((module) => module === word);
}
