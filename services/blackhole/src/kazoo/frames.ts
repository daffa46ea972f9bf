import { randomHex, toGregorianSeconds } from '@ringdown/core';
import type { ClientBinding } from '@ringdown/contracts';
import type { GapNotice, RenderableEvent } from '../core/dialect';

/** Texts of everything the server sends in the Kazoo dialect. */

/** `json`: further members of `data`, written already; there must be some in `data` itself then. */
export function successReply(
  requestId: string | number,
  data: Readonly<Record<string, unknown>>,
  json: Readonly<Record<string, string>> = {},
): string {
  const text = JSON.stringify({ action: 'reply', request_id: requestId, status: 'success', data });
  const members = Object.entries(json).map(([name, value]) => `,${JSON.stringify(name)}:${value}`);
  return members.length === 0 ? text : `${text.slice(0, -2)}${members.join('')}}}`;
}

export function errorReply(
  requestId: string | number,
  error: string,
  extra: Readonly<Record<string, unknown>> = {},
): string {
  return JSON.stringify({
    action: 'reply',
    request_id: requestId,
    status: 'error',
    data: { errors: [error], ...extra },
  });
}

/** An error nobody asked for: sent before a close, or when subscriptions were taken away. */
export function errorNotice(error: string, extra?: Readonly<Record<string, unknown>>): string {
  return errorReply(randomHex(32), error, extra);
}

/**
 * Kazoo 4.3 `blackhole_data_emitter`: one frame per matching client binding. `subscribed_key` is the client's own text,
 * `subscription_key` its account-specific form, `routing_key` the key the event travelled with.
 */
export function eventFrame(
  { event, bodyJson }: RenderableEvent,
  binding: ClientBinding,
  accountId: string,
): string {
  const head =
    `{"action":"event","subscribed_key":${JSON.stringify(binding.text)}` +
    `,"subscription_key":${JSON.stringify(binding.subscriptionKey(accountId))}` +
    `,"name":${JSON.stringify(event.name)},"routing_key":${JSON.stringify(event.routingKey)},"data":`;
  return `${head}${bodyJson()}}`;
}

/** Not in Kazoo, whose clients skip actions they do not know: events may be missing since that time. */
export function gapFrame({ sinceMs, reason }: GapNotice): string {
  return JSON.stringify({ action: 'gap', since: toGregorianSeconds(sinceMs), since_ms: sinceMs, reason });
}

/** Not in Kazoo: this server is going away, open a new connection (elsewhere) before it closes this one. */
export function drainingFrame(withinMs: number): string {
  return JSON.stringify({ action: 'draining', reason: 'server shutting down', within_ms: withinMs });
}
