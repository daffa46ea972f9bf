import {
  CALL_PRODUCER,
  callRoutingKey,
  encodeEvent,
  encodeSwitchSnapshot,
  type CallEventName,
  type ChannelState,
  type WireMessage,
} from '@ringdown/contracts';
import { toGregorianSeconds } from '@ringdown/core';

export const ACCOUNT = 'a'.repeat(32);
export const OTHER_ACCOUNT = 'b'.repeat(32);
export const SWITCH = 'sw1';
/** Unix milliseconds at which the tests' calls begin. */
export const BEGIN = Date.UTC(2026, 0, 5, 9);

export interface Told {
  readonly callId?: string;
  readonly accountId?: string | undefined;
  /** Milliseconds after {@link BEGIN}; default 0. */
  readonly at?: number;
  readonly messageId?: string;
  readonly body?: Readonly<Record<string, unknown>>;
  readonly vars?: Readonly<Record<string, unknown>>;
}

/** An event as the producer of a switch publishes it. */
export function ofSwitch(name: CallEventName, told: Told = {}, switchId = SWITCH): WireMessage {
  const { callId = 'c1', accountId = ACCOUNT, at = 0, messageId, body = {}, vars = {} } = told;
  return encodeEvent({
    family: 'call',
    routingKey: callRoutingKey(name, callId),
    name,
    accountId: 'accountId' in told ? told.accountId : accountId,
    timestampMs: BEGIN + at,
    appId: CALL_PRODUCER,
    ...(messageId === undefined ? {} : { messageId }),
    body: {
      call_id: callId,
      timestamp: toGregorianSeconds(BEGIN + at),
      switch_nodename: switchId,
      ...body,
      custom_channel_vars: { account_id: accountId, ...vars },
    },
  });
}

/** An event as somebody publishes it who knows only the routing key and the account. */
export function ofStranger(name: CallEventName, told: Told = {}): WireMessage {
  const { callId = 'c1', accountId = ACCOUNT, at = 0, messageId, body = {}, vars = {} } = told;
  return {
    exchange: 'call',
    routingKey: `call.${name}.${callId}`,
    body: Buffer.from(
      JSON.stringify({ call_id: callId, ...body, custom_channel_vars: { account_id: accountId, ...vars } }),
    ),
    messageId,
    timestampMs: BEGIN + at,
    type: undefined,
    appId: undefined,
    contentType: undefined,
    headers: {},
  };
}

/** The log entries of a snapshot, as the producer publishes them. */
export function snapshotOf(
  channels: readonly ChannelState[],
  at: number,
  { switchId = SWITCH, holder = 'producer-1' } = {},
): readonly WireMessage[] {
  return encodeSwitchSnapshot({ switch: switchId, holder, taken_at: BEGIN + at, channels });
}

export function channelState(callId: string, rest: Partial<ChannelState> = {}): ChannelState {
  return {
    call_id: callId,
    account_id: ACCOUNT,
    switch: SWITCH,
    answered: false,
    on_hold: false,
    created: toGregorianSeconds(BEGIN),
    ...rest,
  };
}
