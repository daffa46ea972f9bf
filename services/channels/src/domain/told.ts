import type { ChannelState, JsonObject } from '@ringdown/contracts';
import {
  boundedId,
  boundedText,
  boundedVariables,
  copied,
  internedVariables,
  sameVariables,
  type Variables,
} from './bounded';
import type { Interner } from './interner';
import { isLater, type Stamp } from './stamp';

/** What publishers tell of a channel and the registry repeats, each member on its own. */
const members = [
  'direction',
  'interaction_id',
  'destination',
  'caller_id_name',
  'caller_id_number',
  'callee_id_name',
  'callee_id_number',
  'from',
  'to',
  'from_tag',
  'to_tag',
  'presence_id',
  'username',
  'authorizing_id',
  'authorizing_type',
  'owner_id',
  'callflow_id',
  'resource_id',
  'reseller_id',
  'custom_channel_vars',
  'custom_application_vars',
] as const satisfies readonly (keyof ChannelState)[];

type Member = (typeof members)[number];
type Value = string | Variables | undefined;

const indexOf = Object.fromEntries(members.map((name, index) => [name, index])) as Record<Member, number>;
const OWNER = indexOf.owner_id;
const DEVICE = indexOf.authorizing_id;
/** The same in many calls: one copy is kept of each. Looking for others would cost more than it saves. */
const repeating: ReadonlySet<Member> = new Set([
  'direction',
  'presence_id',
  'username',
  'authorizing_id',
  'authorizing_type',
  'owner_id',
  'callflow_id',
  'resource_id',
  'reseller_id',
]);
const ids: ReadonlySet<Member> = new Set([
  'authorizing_id',
  'owner_id',
  'callflow_id',
  'resource_id',
  'reseller_id',
]);

/** Which event (or snapshot) the values of some members are from; `mask` has a bit per member. */
interface Contribution {
  readonly stamp: Stamp;
  mask: number;
}

/**
 * What was told of one channel. Each member is that of the latest event that has it, whatever the order in which the
 * events came. One array and few objects, since there are many channels.
 */
export class Told {
  private readonly values: Value[] = new Array<Value>(members.length).fill(undefined);
  private contributions: Contribution[] = [];

  get ownerId(): string | undefined {
    return this.values[OWNER] as string | undefined;
  }

  get deviceId(): string | undefined {
    return this.values[DEVICE] as string | undefined;
  }

  addEvent(body: JsonObject, stamp: Stamp, interner: Interner): void {
    const variables = isObject(body['custom_channel_vars']) ? body['custom_channel_vars'] : noVariables;
    const newer = this.maskAfter(stamp);
    let mask = 0;
    for (let index = 0; index < members.length; index += 1) {
      const bit = 1 << index;
      if ((newer & bit) !== 0) continue;
      const member = members[index]!;
      const value = bounded(member, memberOfEvent(member, body, variables));
      if (value === undefined) continue;
      this.set(index, value, interner);
      mask |= bit;
    }
    this.contribute(mask, stamp);
  }

  /** All there is to tell: what the state lacks is forgotten. */
  replaceBy(state: ChannelState, stamp: Stamp, interner: Interner): void {
    for (let index = 0; index < members.length; index += 1) {
      const member = members[index]!;
      this.set(index, bounded(member, state[member]), interner);
    }
    this.contributions = [];
    this.contribute((1 << members.length) - 1, stamp);
  }

  /** Writes the members that were told. */
  writeTo(state: Record<string, unknown>): void {
    for (let index = 0; index < members.length; index += 1) {
      const value = this.values[index];
      if (value !== undefined) state[members[index]!] = value;
    }
  }

  /** Most events tell again what is known: then the known text stays, and the new one is forgotten with its event. */
  private set(index: number, value: Value, interner: Interner): void {
    const known = this.values[index];
    if (value === known) return;
    if (typeof value !== 'object') {
      this.values[index] = value !== undefined && repeating.has(members[index]!) ? interner.of(value) : value;
    } else if (typeof known !== 'object' || !sameVariables(value, known)) {
      this.values[index] = internedVariables(value, interner);
    }
  }

  private contribute(mask: number, stamp: Stamp): void {
    if (mask === 0) return;
    for (const contribution of this.contributions) contribution.mask &= ~mask;
    this.contributions = this.contributions.filter((contribution) => contribution.mask !== 0);
    this.contributions.push({ stamp, mask });
  }

  /** Members that were told at `stamp` or later. */
  private maskAfter(stamp: Stamp): number {
    let mask = 0;
    for (const contribution of this.contributions) {
      if (!isLater(stamp, contribution.stamp)) mask |= contribution.mask;
    }
    return mask;
  }
}

const noVariables: JsonObject = {};

function memberOfEvent(member: Member, body: JsonObject, variables: JsonObject): unknown {
  switch (member) {
    case 'direction':
      return body['call_direction'];
    case 'interaction_id':
      return body['interaction_id'] ?? variables['call_interaction_id'];
    case 'destination':
      return body['caller_destination_number'] ?? userPart(body['request']);
    case 'presence_id':
    case 'callflow_id':
    case 'resource_id':
    case 'reseller_id':
      return body[member] ?? variables[member];
    case 'username':
    case 'authorizing_id':
    case 'authorizing_type':
    case 'owner_id':
      return variables[member];
    default:
      return body[member];
  }
}

function bounded(member: Member, value: unknown): Value {
  if (value === undefined || value === null) return undefined;
  if (member === 'custom_channel_vars' || member === 'custom_application_vars') {
    return boundedVariables(value);
  }
  return ids.has(member) ? boundedId(value) : boundedText(value);
}

/** Of `user@realm`. */
function userPart(address: unknown): string | undefined {
  if (typeof address !== 'string') return undefined;
  const end = address.indexOf('@');
  return end < 0 ? address : copied(address.slice(0, Math.min(end, 512)));
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
