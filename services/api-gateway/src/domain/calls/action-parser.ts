import { fieldError } from '@ringdown/http';
import type { CallCommandModule } from '../schemas/modules';
import { faultPath, throwFaults, type Faults, type SchemaCatalogue } from '../schemas/schema-catalogue';
import { commandOf, ignoredMembers, requireMembers } from './module-command';
import { atPlaces, type ParsedFlow } from './parsed-flow';

type JsonObject = Readonly<Record<string, unknown>>;

/** An action on a channel, as `POST …/channels/{UUID}` names it. */
interface ActionFacts {
  readonly module: CallCommandModule;
  /** Said of it when it succeeded. */
  readonly message: string;
  /** Name in a request -> name in the module's data. Of two names for one member the one here counts. */
  readonly aliases?: Readonly<Record<string, string>>;
  /** Set whatever the client says. */
  readonly fixed?: JsonObject;
  /**
   * Not Kazoo's: its members may also be in a `data` of their own, as in a metaflow. A module's own member `action` can
   * only be there, or in `data` when the name of the action stands beside it.
   */
  readonly ours?: boolean;
}

const ours = { ours: true } as const;
const actions: Readonly<Record<string, ActionFacts>> = {
  transfer: {
    module: 'transfer',
    message: 'transfer initiated',
    aliases: { 'transfer-type': 'transfer_type' },
  },
  hangup: { module: 'hangup', message: 'hangup initiated' },
  break: { module: 'break', message: 'break initiated' },
  callflow: { module: 'callflow', message: 'callflow initiated' },
  intercept: { module: 'intercept', message: 'intercept initiated' },
  move: { module: 'move', message: 'move initiated' },
  start_record: { module: 'record_call', message: 'recording started', fixed: { action: 'start' } },
  stop_record: { module: 'record_call', message: 'recording stopped', fixed: { action: 'stop' } },
  play: { module: 'play', message: 'play initiated', aliases: { media_id: 'id' }, ...ours },
  park: { module: 'park', message: 'park initiated', ...ours },
  hold: { module: 'hold', message: 'hold initiated', ...ours },
  hold_control: { module: 'hold_control', message: 'hold_control initiated', ...ours },
  resume: { module: 'resume', message: 'resume initiated', ...ours },
  record_call: { module: 'record_call', message: 'record_call initiated', ...ours },
};

export interface ParsedAction extends ParsedFlow {
  readonly action: string;
  readonly message: string;
}

/** Reads the body of `POST …/channels/{UUID}`. */
export class ActionParser {
  constructor(private readonly schemas: SchemaCatalogue) {}

  /**
   * Undefined when there is no such action; it stands beside `data` or in it. `bridged`: whether the channel talks to another. Error: `validation_failed`
   * with every fault at its path.
   */
  parse(
    data: JsonObject,
    beside: JsonObject,
    channel: { readonly bridged: boolean },
  ): ParsedAction | undefined {
    const { action: inside, ...others } = data;
    const { action: outside } = beside;
    const [action, members] = outside === undefined ? [inside, others] : [outside, data];
    const facts = typeof action === 'string' && Object.hasOwn(actions, action) ? actions[action] : undefined;
    if (facts === undefined) return undefined;
    if (facts.module === 'transfer' && !channel.bridged) {
      throw fieldError('other_leg_call_id', 'required', 'Channel is not bridged');
    }
    const nested = facts.ours === true && isObject(members['data']) ? members['data'] : undefined;
    const given = nested ?? members;
    const path = nested === undefined ? [] : ['data'];
    const { module, aliases = {}, fixed = {} } = facts;
    const renamed = Object.entries(aliases).filter(([alias]) => given[alias] !== undefined);
    const written = new Map(renamed.map(([alias, name]) => [name, alias]));
    const placeOf = (member: string): string => faultPath([...path, written.get(member) ?? member]);
    const complete: Record<string, unknown> = structuredClone({
      ...given,
      ...Object.fromEntries(renamed.map(([alias, name]) => [name, given[alias]])),
      ...fixed,
    });

    const faults: Faults = {};
    this.schemas.complete(`metaflows.${module}`, complete, [], faults);
    if (Object.keys(faults).length === 0) requireMembers(module, complete, [], faults);
    throwFaults(atPlaces(faults, placeOf));
    const known = Object.keys(aliases);
    return {
      action: action as string,
      message: facts.message,
      flow: { command: commandOf(module, complete, path) },
      given: new Set([...Object.keys(given), ...written.keys()]),
      placeOf,
      ignored: [
        ...ignoredMembers(module, given, path).filter((place) => !known.includes(place.split('.').at(-1)!)),
        ...(nested === undefined ? [] : Object.keys(members).filter((name) => name !== 'data')),
      ],
    };
  }
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
