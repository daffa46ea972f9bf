import { decodeEvent, encodeEvent, families, type DecodedEvent, type WireMessage } from '@ringdown/contracts';
import { newMessageId } from '@ringdown/core';
import { fieldError } from '@ringdown/http';
import type { ApiBroker } from './rpc';

const familyNames: ReadonlySet<string> = new Set(families.map(({ name }) => name));

/** An event as a client of REST gives it. */
export interface SubmittedEvent {
  readonly routingKey: string;
  readonly accountId: string;
  readonly body: Readonly<Record<string, unknown>>;
  readonly traceparent: string | undefined;
}

/** Publishes events of clients under the rules that hold for every foreign publisher, plus one: the account is given. */
export class EventPublisher {
  constructor(
    private readonly broker: Pick<ApiBroker, 'publish'>,
    private readonly timeoutMs: number,
  ) {}

  /**
   * Resolves once the broker confirmed. Errors: `validation_failed` (no such family, key or field types; the control
   * plane and the journal's fences are no families), `unavailable`.
   */
  async publish(submitted: SubmittedEvent): Promise<{ readonly messageId: string; readonly name: string }> {
    const { routingKey, accountId, traceparent } = submitted;
    const family = routingKey.split('.', 1)[0]!;
    if (!familyNames.has(family)) {
      throw fieldError('routing_key', 'enum', 'no such event family', { target: [...familyNames] });
    }
    const messageId = newMessageId();
    const decoded = decodeEvent(
      foreign(family, routingKey, accountId, messageId, ofAccount(submitted.body, accountId)),
    );
    if (!decoded.ok) throw refused(decoded);
    const { event } = decoded;
    const message = encodeEvent({
      family: event.family,
      routingKey: event.routingKey,
      name: event.name,
      accountId,
      body: event.body,
      messageId,
      appId: 'api-gateway',
      ...(traceparent === undefined ? {} : { traceparent }),
    });
    await this.broker.publish(message, { timeoutMs: this.timeoutMs });
    return { messageId, name: event.name };
  }
}

/** The event as if it came from an AMQP client, so that one decoder decides what is valid. */
function foreign(
  exchange: string,
  routingKey: string,
  accountId: string,
  messageId: string,
  body: Readonly<Record<string, unknown>>,
): WireMessage {
  return {
    exchange,
    routingKey,
    body: Buffer.from(JSON.stringify(body)),
    messageId,
    timestampMs: Date.now(),
    type: undefined,
    appId: undefined,
    contentType: 'application/json',
    headers: { account_id: accountId },
  };
}

/** Where the body names an account, it names this one: a subscriber must not read another's there. */
function ofAccount(body: Readonly<Record<string, unknown>>, accountId: string): Record<string, unknown> {
  const channelVars = body['custom_channel_vars'];
  return {
    ...body,
    ...('account_id' in body ? { account_id: accountId } : {}),
    ...(typeof channelVars === 'object' && channelVars !== null && 'account_id' in channelVars
      ? { custom_channel_vars: { ...channelVars, account_id: accountId } }
      : {}),
  };
}

function refused({ reason, detail }: Extract<DecodedEvent, { ok: false }>): Error {
  const field = reason === 'bad_routing_key' || reason === 'unknown_exchange' ? 'routing_key' : 'body';
  const rules = { invalid_field: 'type', too_large: 'maxLength' } as Readonly<Record<string, string>>;
  return fieldError(field, rules[reason] ?? 'invalid', detail);
}
