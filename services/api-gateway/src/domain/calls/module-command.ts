import type { CallCommandModule } from '../schemas/modules';
import { faultPath, type Faults } from '../schemas/schema-catalogue';
import type { CommandDraft } from './draft-flow';

type Data = Readonly<Record<string, unknown>>;

/** The members of each module's data that its command carries; the others nobody acts on. */
export const carriedMembers: Readonly<Record<CallCommandModule, readonly string[]>> = {
  break: [],
  callflow: ['id', 'captures', 'collected'],
  hangup: [],
  hold: ['moh_aleg', 'moh_bleg', 'unhold_key'],
  hold_control: ['action'],
  intercept: ['target_type', 'target_id', 'unbridged_only', 'auto_answer', 'can_call_self'],
  move: ['device_id', 'owner_id', 'auto_answer', 'can_call_self', 'dial_strategy'],
  park: ['slot'],
  play: ['id', 'leg'],
  record_call: ['action', 'format', 'label', 'media_name', 'time_limit'],
  resume: [],
  transfer: ['target', 'transfer_type', 'moh', 'takeback_dtmf'],
};

/** What a command cannot do without, although the schema of its module (which also describes documents) can. */
const needed: Readonly<Partial<Record<CallCommandModule, Readonly<Record<string, string>>>>> = {
  callflow: { id: 'No callflow id specified' },
  intercept: { target_type: 'No target type specified', target_id: 'No target id specified' },
  play: { id: 'No media id specified' },
  transfer: { target: 'No target destination specified' },
};

/** Adds to `faults` what is missing under `path`. `data` has passed the module's schema. */
export function requireMembers(
  module: CallCommandModule,
  data: Data,
  path: readonly string[],
  faults: Faults,
): void {
  for (const [member, message] of Object.entries(needed[module] ?? {})) {
    if (data[member] === undefined) faults[faultPath([...path, member])] = { required: { message } };
  }
}

/** The command of valid, complete data. */
export function commandOf(module: CallCommandModule, data: Data, path: readonly string[]): CommandDraft {
  const carried = carriedMembers[module].filter((member) => data[member] !== undefined);
  const members = Object.fromEntries(carried.map((member) => [member, data[member]]));
  const place = module === 'callflow' ? { place: faultPath([...path, 'id']) } : {};
  // The schema has checked what the type says; both list the same members.
  return { name: module, ...members, ...place } as unknown as CommandDraft;
}

/** Paths of the members a client gave that the command does not carry. */
export function ignoredMembers(module: CallCommandModule, given: Data, path: readonly string[]): string[] {
  return Object.keys(given)
    .filter((member) => !carriedMembers[module].includes(member))
    .map((member) => faultPath([...path, member]));
}
