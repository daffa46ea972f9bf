import { type Clock, newMessageId } from '@ringdown/core';
import type { WireMessage } from '@ringdown/contracts';
import type { OutgoingMessage } from '../broker';
import { checkBody, checkRoutingKey } from './topology';
import { traceHeaders } from './trace-headers';

/** Fills in what the publisher left out, and refuses what no broker would take. */
export function completeMessage(message: OutgoingMessage, service: string, clock: Clock): WireMessage {
  checkRoutingKey(message.routingKey);
  checkBody(message.body);
  return {
    exchange: message.exchange,
    routingKey: message.routingKey,
    body: message.body,
    messageId: message.messageId ?? newMessageId(),
    timestampMs: message.timestampMs ?? clock(),
    type: message.type,
    appId: message.appId ?? service,
    contentType: message.contentType ?? 'application/json',
    headers: traceHeaders(message.headers ?? {}),
  };
}
