import type { CallCommand, CommandOutcome } from '@ringdown/contracts';

/** What was seen of a command that took effect. */
export function confirmed(event: string, callId?: string, detail?: string): CommandOutcome {
  return {
    status: 'confirmed',
    seen: {
      event,
      ...(callId === undefined ? {} : { call_id: callId }),
      ...(detail === undefined ? {} : { detail }),
    },
  };
}

/** The members that were given and that this switch does nothing about. */
export function ignoring<C extends CallCommand>(
  command: C,
  ...names: readonly (keyof C & string)[]
): Pick<CommandOutcome, 'ignored'> {
  const ignored = names.filter((name) => command[name] !== undefined);
  return ignored.length === 0 ? {} : { ignored };
}
