import { callRoutingKey, encodeEvent, type CallEventName, type WireMessage } from '@ringdown/contracts';

export const SWITCH = 'bench-switch';
/** Channels per account; a list is measured with one account's. */
export const CHANNELS_PER_ACCOUNT = 500;

const START_S = 63_900_000_000;

/** One event of channel `n` with the members a switch tells, as it is read from the log. */
export function callEvent(name: CallEventName, n: number): WireMessage {
  const callId = callIdOf(n);
  const account = accountOf(n);
  const realm = `a${account}.bench.example`;
  return encodeEvent({
    family: 'call',
    routingKey: callRoutingKey(name, callId),
    name,
    accountId: account,
    appId: 'call-producer',
    body: {
      call_id: callId,
      call_direction: n % 2 === 0 ? 'inbound' : 'outbound',
      interaction_id: `${START_S + n}-${n}`,
      channel_state: 'EXECUTE',
      channel_name: `PJSIP/${1000 + (n % 500)}-${n.toString(16).padStart(8, '0')}`,
      from: `${1000 + (n % 500)}@${realm}`,
      to: `${2000 + (n % 500)}@${realm}`,
      request: `${2000 + (n % 500)}@${realm}`,
      caller_id_name: `Caller ${n % 500}`,
      caller_id_number: String(1000 + (n % 500)),
      callee_id_number: String(2000 + (n % 500)),
      presence_id: `${1000 + (n % 500)}@${realm}`,
      timestamp: START_S + n,
      switch_nodename: SWITCH,
      switch_hostname: SWITCH,
      media_server: SWITCH,
      ...(name === 'CHANNEL_BRIDGE' ? { other_leg_call_id: callIdOf(n ^ 1) } : {}),
      custom_channel_vars: {
        account_id: account,
        account_name: `Account ${account.slice(-6)}`,
        account_realm: realm,
        realm,
        authorizing_id: (n % 500).toString(16).padStart(32, 'd'),
        authorizing_type: 'device',
        owner_id: (n % 250).toString(16).padStart(32, 'e'),
        username: String(1000 + (n % 500)),
        call_interaction_id: `${START_S + n}-${n}`,
      },
    },
  });
}

export function callIdOf(n: number): string {
  return `${SWITCH}-${START_S + n}.${n}`;
}

export function accountOf(n: number): string {
  return Math.floor(n / CHANNELS_PER_ACCOUNT)
    .toString(16)
    .padStart(32, 'a');
}

/** What happens to a call while it lives, in order. */
export const LIFE: readonly CallEventName[] = [
  'CHANNEL_CREATE',
  'CHANNEL_ANSWER',
  'CHANNEL_BRIDGE',
  'CHANNEL_HOLD',
  'CHANNEL_UNHOLD',
];
