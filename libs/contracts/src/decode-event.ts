import type { DecodedEvent, RejectReason } from './event';
import type { WireMessage } from './wire-message';
import { familyNamed } from './families/families';
import { isJsonObject, ownMember, type JsonObject } from './fields';
import { readJsonBody } from './json-body';

/**
 * Reads an event of any publisher. A foreign one needs a routing key of the family and a JSON object, no more: what the
 * key says and the body lacks is filled in, known fields must have their type, unknown ones pass. Never throws.
 */
export function decodeEvent(message: WireMessage): DecodedEvent {
  const family = familyNamed(message.exchange);
  if (family === undefined) return refuse('unknown_exchange', message.exchange);
  const json = readJsonBody(message.body);
  if (!json.ok) return json;
  const words = message.routingKey.split('.');
  const facts = words[0] === family.name ? family.readKey(words, json.body) : undefined;
  if (facts === undefined) return refuse('bad_routing_key', message.routingKey);
  const problem = facts.shape.problems(json.body)[0];
  if (problem !== undefined) return refuse('invalid_field', `${problem.field}: ${problem.message}`);
  return {
    ok: true,
    event: {
      messageId: message.messageId === '' ? undefined : message.messageId,
      family: family.name,
      name: facts.name,
      routingKey: message.routingKey,
      accountId: accountOf(message.headers, json.body),
      timestampMs: usableTime(message.timestampMs) ?? Date.now(),
      body: completed(json.body, facts.defaults),
    },
  };
}

function refuse(reason: RejectReason, detail: string): DecodedEvent {
  return { ok: false, reason, detail };
}

/** Header before body; a call event names its account among the channel variables only. */
function accountOf(headers: Readonly<Record<string, string>>, body: JsonObject): string | undefined {
  const variables = ownMember(body, 'custom_channel_vars');
  return [
    ownMember(headers, 'account_id'),
    ownMember(body, 'account_id'),
    isJsonObject(variables) ? ownMember(variables, 'account_id') : undefined,
  ].find((id): id is string => typeof id === 'string' && id !== '');
}

function usableTime(timestampMs: number | undefined): number | undefined {
  return timestampMs !== undefined && Number.isFinite(timestampMs) && timestampMs >= 0
    ? timestampMs
    : undefined;
}

/** Fills in what is missing; `null` and the empty text count as missing. */
export function completed(body: JsonObject, defaults: JsonObject): JsonObject {
  let result: Record<string, unknown> | undefined;
  for (const name of Object.keys(defaults)) {
    const present = ownMember(body, name);
    if (present !== undefined && present !== null && present !== '') continue;
    result ??= { ...body };
    result[name] = defaults[name];
  }
  return result ?? body;
}
