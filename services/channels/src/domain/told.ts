import type { ChannelState, JsonObject } from '@ringdown/contracts';
import { boundedId, boundedText, boundedVariables, copied, type Variables } from './bounded';
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
/** Different in every call: not worth a look into the interner. */
const unique: ReadonlySet<Member> = new Set(['interaction_id', 'from_tag', 'to_tag']);
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
    this.merge(stamp, (member) => valueInEvent(member, body, variables, interner));
  }

  addState(state: ChannelState, stamp: Stamp, interner: Interner): void {
    this.merge(stamp, (member) => bounded(member, state[member], interner));
  }

  /** Writes the members that were told. */
  writeTo(state: Record<string, unknown>): void {
    for (let index = 0; index < members.length; index += 1) {
      const value = this.values[index];
      if (value !== undefined) state[members[index]!] = value;
    }
  }

  private merge(stamp: Stamp, read: (member: Member) => Value): void {
    let mask = 0;
    const newer = this.maskAfter(stamp);
    for (let index = 0; index < members.length; index += 1) {
      const bit = 1 << index;
      if ((newer & bit) !== 0) continue;
      const value = read(members[index]!);
      if (value === undefined) continue;
      this.values[index] = value;
      mask |= bit;
    }
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

function valueInEvent(member: Member, body: JsonObject, variables: JsonObject, interner: Interner): Value {
  switch (member) {
    case 'direction':
      return bounded(member, body['call_direction'], interner);
    case 'interaction_id':
      return bounded(member, body['interaction_id'] ?? variables['call_interaction_id'], interner);
    case 'destination':
      return bounded(member, body['caller_destination_number'] ?? userPart(body['request']), interner);
    case 'presence_id':
    case 'callflow_id':
    case 'resource_id':
    case 'reseller_id':
      return bounded(member, body[member] ?? variables[member], interner);
    case 'username':
    case 'authorizing_id':
    case 'authorizing_type':
    case 'owner_id':
      return bounded(member, variables[member], interner);
    default:
      return bounded(member, body[member], interner);
  }
}

function bounded(member: Member, value: unknown, interner: Interner): Value {
  if (value === undefined || value === null) return undefined;
  if (member === 'custom_channel_vars' || member === 'custom_application_vars') {
    return boundedVariables(value, interner);
  }
  const text = ids.has(member) ? boundedId(value) : boundedText(value);
  return text === undefined || unique.has(member) ? text : interner.of(text);
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
