import { AppError, isAppError } from '@ringdown/core';
import type { FlowDraft } from './draft-flow';
import { carriedMembers } from './module-command';

/** A checked command with what follows it, and how to speak of it to the client. */
export interface ParsedFlow {
  readonly flow: FlowDraft;
  /** Paths of what the client gave that nobody acts on. */
  readonly ignored: readonly string[];
  /** Members of the first command that the client gave; the others have their defaults. */
  readonly given: ReadonlySet<string>;
  /** Where the client wrote a member of the first command. */
  placeOf(member: string): string;
}

/** The same faults where the client wrote what they are about. */
export function atPlaces<Fault>(
  faults: Readonly<Record<string, Fault>>,
  placeOf: (member: string) => string,
): Record<string, Fault> {
  return Object.fromEntries(
    Object.entries(faults).map(([path, fault]) => {
      const [member = '', ...rest] = path.split('.');
      return [[placeOf(member), ...rest].join('.'), fault];
    }),
  );
}

/** What a switch said of a command, in the client's places; it knows only the members of commands. */
export function placesOfCommand({
  flow,
  placeOf,
}: Pick<ParsedFlow, 'flow' | 'placeOf'>): (member: string) => string {
  const members = carriedMembers[flow.command.name];
  return (member) => (members.includes(member) ? placeOf(member) : member);
}

/** What the switch did not act on, of what the client gave. */
export function ignoredByTheSwitch(names: readonly string[], parsed: ParsedFlow): string[] {
  const members = carriedMembers[parsed.flow.command.name];
  return names
    .filter((name) => parsed.given.has(name) || !members.includes(name))
    .map(placesOfCommand(parsed));
}

/** A refusal of the switch as the client should read it; any other error as it is. */
export function refusalAtPlaces(error: unknown, placeOf: (member: string) => string): unknown {
  if (!isAppError(error) || error.code !== 'validation_failed' || error.details === undefined) return error;
  const details = atPlaces(error.details, placeOf);
  return new AppError('validation_failed', error.message, { details, cause: error });
}
