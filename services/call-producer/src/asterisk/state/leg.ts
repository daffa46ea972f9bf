import type { ChannelState } from '@ringdown/contracts';
import type { AmiMessage } from '../ami/ami-message';
import type { Identity } from './identity';
import { isRealChannel } from './channel-name';

/** Channel variables of the dialplan that say whose call it is; they override what the endpoint says. */
export const IDENTITY_VARIABLES = {
  RINGDOWN_ACCOUNT_ID: 'accountId',
  RINGDOWN_OWNER_ID: 'ownerId',
  RINGDOWN_DEVICE_ID: 'deviceId',
} as const;

export type IdentityVariables = Partial<Record<'accountId' | 'ownerId' | 'deviceId', string>>;

export type Direction = 'inbound' | 'outbound';

/** One channel of the switch, as its events tell of it. Folded channels (Local and the like) are legs that are never shown. */
export interface Leg {
  readonly uniqueid: string;
  readonly callId: string;
  name: string;
  readonly direction: Direction;
  readonly createdMs: number;
  /** False when the beginning was not seen and nothing tells it. */
  readonly createdKnown: boolean;
  linkedid: string;
  /** Shared by the legs of a conversation; fixed when the leg is announced. */
  interactionId: string;
  answered: boolean;
  /** Undefined when the answer was not seen. */
  answeredMs: number | undefined;
  ringing: boolean;
  held: boolean;
  slot: string | undefined;
  /** What was dialled first. */
  dialled: string | undefined;
  ownNumber: string | undefined;
  ownName: string | undefined;
  connectedNumber: string | undefined;
  connectedName: string | undefined;
  /** Where the dialplan is. */
  context: string;
  exten: string;
  priority: string;
  application: string;
  variables: IdentityVariables;
  identity: Identity;
  /** CHANNEL_CREATE was emitted; under which account is then fixed. */
  announced: boolean;
  /** Call id of the leg it talks to. */
  partner: string | undefined;
  /** Put on hold by our own command together with this leg, which waits in another place meanwhile. */
  heldWith: string | undefined;
  /** The partner that the last CHANNEL_BRIDGE named, while that is still true or may become so again. */
  bridgedWith: string | undefined;
  /** What the switch does not tell about a leg that was known before: kept as it was. */
  readonly inherited: Partial<ChannelState>;
}

export interface LegOrigin {
  readonly uniqueid: string;
  readonly callId: string;
  readonly name: string;
  readonly direction: Direction;
  readonly createdMs: number;
  readonly createdKnown?: boolean;
  readonly inherited?: Partial<ChannelState>;
}

export function newLeg(origin: LegOrigin): Leg {
  return {
    createdKnown: true,
    inherited: {},
    ...origin,
    linkedid: origin.uniqueid,
    interactionId: origin.callId,
    answered: false,
    answeredMs: undefined,
    ringing: false,
    held: false,
    slot: undefined,
    dialled: undefined,
    ownNumber: undefined,
    ownName: undefined,
    connectedNumber: undefined,
    connectedName: undefined,
    context: '',
    exten: '',
    priority: '',
    application: '',
    variables: {},
    identity: {},
    announced: false,
    partner: undefined,
    heldWith: undefined,
    bridgedWith: undefined,
  };
}

export function isReal(leg: Leg): boolean {
  return isRealChannel(leg.name);
}

/** Longest text taken over from the switch into an event. */
const MAX_TEXT = 256;

/** Takes over what every event about a channel says of it. */
export function readSnapshot(leg: Leg, message: AmiMessage, prefix = ''): void {
  const text = (name: string): string | undefined => message.text(prefix + name)?.slice(0, MAX_TEXT);
  leg.linkedid = text('Linkedid') ?? leg.linkedid;
  leg.ownNumber = text('CallerIDNum') ?? leg.ownNumber;
  leg.ownName = text('CallerIDName') ?? leg.ownName;
  leg.connectedNumber = text('ConnectedLineNum') ?? leg.connectedNumber;
  leg.connectedName = text('ConnectedLineName') ?? leg.connectedName;
  leg.context = text('Context') ?? leg.context;
  leg.exten = text('Exten') ?? leg.exten;
  leg.priority = text('Priority') ?? leg.priority;
  for (const pair of message.all(`${prefix}ChanVariable`)) {
    const equals = pair.indexOf('=');
    if (equals > 0) readVariable(leg.variables, pair.slice(0, equals), pair.slice(equals + 1));
  }
}

/** True when the variable is one of those that say whose call it is. */
export function readVariable(variables: IdentityVariables, name: string, value: string): boolean {
  // A variable that is handed down to other channels has underscores before its name.
  const plain = name.replace(/^_{1,2}/, '');
  if (!Object.hasOwn(IDENTITY_VARIABLES, plain)) return false;
  const key = IDENTITY_VARIABLES[plain as keyof typeof IDENTITY_VARIABLES];
  if (ID.test(value)) variables[key] = value;
  return true;
}

const ID = /^[\x21-\x7e]{1,128}$/;
