import Joi from 'joi';
import { defineOperation } from './operation';

/**
 * A telephone switch and who speaks to it. The producer that is active for a switch holds the claim named after the
 * switch id, so `requestTo(switchId, …)` reaches it, and `unavailable` at once means that nobody does.
 */
export const CALL_PRODUCER = 'call-producer';

/** What can be done to one channel. Names and members are those of Kazoo's channel actions and metaflows. */
export type CallCommand =
  | { readonly name: 'hangup' }
  | { readonly name: 'break' }
  | {
      readonly name: 'transfer';
      /** Extension to go to. */
      readonly target: string;
      /** `blind`: the other leg goes to the target. `attended`: the target is called first and the legs join on answer. */
      readonly transfer_type: 'blind' | 'attended';
      /** Music while waiting, for attended transfers. */
      readonly moh?: string | undefined;
      /** Digits that take the call back before the target answered. */
      readonly takeback_dtmf?: string | undefined;
    }
  | {
      readonly name: 'callflow';
      readonly id: string;
      /** Where the switch's dialplan enters the callflow: its first number. */
      readonly extension: string;
      readonly captures?: unknown;
      readonly collected?: unknown;
    }
  | {
      /** The target picks up this channel's call. */
      readonly name: 'intercept';
      readonly target_type: 'device' | 'user' | 'number';
      readonly target_id: string;
      readonly unbridged_only: boolean;
      readonly auto_answer?: boolean | undefined;
      readonly can_call_self?: boolean | undefined;
    }
  | {
      /** The person on this channel goes on talking from another device of the owner. */
      readonly name: 'move';
      readonly device_id?: string | undefined;
      readonly owner_id?: string | undefined;
      readonly auto_answer: boolean;
      readonly can_call_self: boolean;
      readonly dial_strategy: string;
    }
  | { readonly name: 'park'; readonly slot?: string | undefined }
  | {
      readonly name: 'hold';
      readonly moh_aleg?: string | undefined;
      readonly moh_bleg?: string | undefined;
      readonly unhold_key: string;
    }
  | { readonly name: 'hold_control'; readonly action: 'hold' | 'unhold' | 'toggle' }
  | { readonly name: 'resume' }
  | { readonly name: 'play'; readonly id: string; readonly leg: 'self' | 'peer' | 'both' }
  | {
      readonly name: 'record_call';
      readonly action: 'mask' | 'unmask' | 'start' | 'stop' | 'toggle';
      readonly format?: 'mp3' | 'wav' | undefined;
      readonly label?: string | undefined;
      readonly media_name?: string | undefined;
      readonly time_limit?: number | undefined;
    };

export type CallCommandName = CallCommand['name'];

/**
 * A command and what follows it: after it took effect the channel's DTMF is listened to, and the child under the digit
 * pressed (else the one under `_`) runs next. Without children it is one command.
 */
export interface CallFlow {
  readonly command: CallCommand;
  readonly children?: Readonly<Record<string, CallFlow>> | undefined;
}

/** What came of a command that was not refused. */
export interface CommandOutcome {
  /** `confirmed`: the event that proves it was seen. `accepted`: the switch took it, nothing proved it within 3 s. */
  readonly status: 'confirmed' | 'accepted';
  /** The proof. `event` is an event name, or the switch's own word where it has no event of ours. */
  readonly seen?: { readonly event: string; readonly call_id?: string; readonly detail?: string };
  /** Members of the command this switch does not act on. */
  readonly ignored?: readonly string[];
}

/** How long a producer waits for the event that proves a command. */
export const COMMAND_PROOF_MS = 3_000;

/** Nesting and number of nodes in one flow. */
export const MAX_FLOW_DEPTH = 16;

const id = Joi.string().min(1).max(128);
const callId = Joi.string().min(1).max(512);
const word = Joi.string().min(1).max(256);

const commandSchemas: Readonly<Record<CallCommandName, Joi.ObjectSchema>> = {
  hangup: Joi.object({}),
  break: Joi.object({}),
  transfer: Joi.object({
    target: word.required(),
    transfer_type: Joi.string().valid('blind', 'attended').required(),
    moh: word,
    takeback_dtmf: word,
  }),
  callflow: Joi.object({
    id: id.required(),
    extension: word.required(),
    captures: Joi.any(),
    collected: Joi.any(),
  }),
  intercept: Joi.object({
    target_type: Joi.string().valid('device', 'user', 'number').required(),
    target_id: id.required(),
    unbridged_only: Joi.boolean().required(),
    auto_answer: Joi.boolean(),
    can_call_self: Joi.boolean(),
  }),
  move: Joi.object({
    device_id: id,
    owner_id: id,
    auto_answer: Joi.boolean().required(),
    can_call_self: Joi.boolean().required(),
    dial_strategy: word.required(),
  }),
  park: Joi.object({ slot: word }),
  hold: Joi.object({ moh_aleg: word, moh_bleg: word, unhold_key: word.required() }),
  hold_control: Joi.object({ action: Joi.string().valid('hold', 'unhold', 'toggle').required() }),
  resume: Joi.object({}),
  play: Joi.object({ id: word.required(), leg: Joi.string().valid('self', 'peer', 'both').required() }),
  record_call: Joi.object({
    action: Joi.string().valid('mask', 'unmask', 'start', 'stop', 'toggle').required(),
    format: Joi.string().valid('mp3', 'wav'),
    label: word,
    media_name: word,
    time_limit: Joi.number().integer().min(5).max(10_800),
  }),
};

const commandSchema = Joi.alternatives().conditional('.name', {
  switch: Object.entries(commandSchemas).map(([name, schema]) => ({
    is: name,
    then: schema.append({ name: Joi.string().required() }),
  })),
  otherwise: Joi.forbidden(),
});

/** Validates a flow to {@link MAX_FLOW_DEPTH} levels; deeper ones are refused. */
export const callFlowSchema: Joi.Schema<CallFlow> = flowSchema(MAX_FLOW_DEPTH) as Joi.Schema<CallFlow>;

function flowSchema(depth: number): Joi.ObjectSchema {
  const children =
    depth === 1
      ? Joi.object().max(0)
      : Joi.object()
          .pattern(Joi.string().min(1).max(64), flowSchema(depth - 1))
          .max(16);
  return Joi.object({ command: commandSchema.required(), children });
}

/** Acts on a call of this switch; asked of the switch's claim. Errors as of `channels.command`. */
export const executeCallFlow = defineOperation<
  { readonly account_id: string; readonly call_id: string; readonly flow: CallFlow },
  CommandOutcome
>(
  CALL_PRODUCER,
  'calls.execute',
  Joi.object({
    account_id: id.required(),
    call_id: callId.required(),
    flow: callFlowSchema.required(),
  }),
  { writes: true },
);

export const conferenceActions = ['kick', 'mute', 'unmute', 'lock', 'unlock', 'play'] as const;
export type ConferenceAction = (typeof conferenceActions)[number];

/** A running conference as the producer of its switch knows it. */
export interface ConferenceState {
  readonly conference_id: string;
  readonly switch: string;
  readonly locked: boolean;
  readonly participants: readonly {
    readonly participant_id: number;
    readonly call_id: string;
    readonly muted: boolean;
  }[];
}

/** Asked of all instances: those that run such a conference of the account answer it, the others null. */
export const findConference = defineOperation<
  { readonly account_id: string; readonly conference_id: string },
  { readonly conference: ConferenceState | null }
>(
  CALL_PRODUCER,
  'conferences.find',
  Joi.object({ account_id: id.required(), conference_id: callId.required() }),
);

export interface ConferenceCommandRequest {
  readonly account_id: string;
  readonly conference_id: string;
  readonly action: ConferenceAction;
  /** One participant (number); with `kick`, `mute` and `unmute`, absent means everybody. */
  readonly participant_id?: number | undefined;
  /** What to `play`. */
  readonly media_id?: string | undefined;
}

/** Asked of the claim of the switch that runs the conference. Error: not_found (conference or participant). */
export const commandConference = defineOperation<ConferenceCommandRequest, CommandOutcome>(
  CALL_PRODUCER,
  'conferences.command',
  Joi.object({
    account_id: id.required(),
    conference_id: callId.required(),
    action: Joi.string()
      .valid(...conferenceActions)
      .required(),
    participant_id: Joi.number().integer().min(0),
    media_id: word,
  }),
  { writes: true },
);
