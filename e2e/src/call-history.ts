import { toGregorianSeconds } from '@ringdown/core';
import { callRoutingKey, encodeEvent, type CallEvent, type CallEventName } from '@ringdown/contracts';
import type { ForeignAmqp } from '@ringdown/testing';

/** Who publishes, and for which account. */
export interface CallPublisher {
  readonly amqp: ForeignAmqp;
  readonly accountId: string;
  /** Set: as the call-producer of this switch; otherwise as anybody. */
  readonly switchId?: string;
}

/** Publishes one call event with the properties that ours carry and waits for the confirm. Resolves with its message id. */
export async function publishCallEvent(
  { amqp, accountId, switchId }: CallPublisher,
  name: CallEventName,
  callId: string,
  members: CallEvent = {},
): Promise<string> {
  const nowMs = Date.now();
  const message = encodeEvent({
    family: 'call',
    routingKey: callRoutingKey(name, callId),
    name,
    accountId,
    appId: switchId === undefined ? 'e2e' : 'call-producer',
    timestampMs: nowMs,
    body: {
      call_id: callId,
      call_direction: 'inbound',
      timestamp: toGregorianSeconds(nowMs),
      custom_channel_vars: { account_id: accountId },
      ...(switchId === undefined ? {} : { switch_nodename: switchId }),
      ...members,
    },
  });
  await amqp.publish(message.exchange, message.routingKey, message.body, {
    messageId: message.messageId!,
    timestamp: Math.floor(nowMs / 1000),
    type: name,
    appId: message.appId!,
    contentType: 'application/json',
    headers: { ...message.headers },
  });
  return message.messageId!;
}
