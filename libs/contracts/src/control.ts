import { newMessageId } from '@ringdown/core';
import type { WireMessage } from './wire-message';

/** The exchange of the control plane. No client may bind it and it is never logged to a journal. */
export const CONTROL_EXCHANGE = 'control';

/** A token must no longer be accepted. */
export interface TokenRevoked {
  readonly token_id: string;
  /** Unix seconds. */
  readonly expires_at: number;
}

/** Something that decides about access changed: drop what is cached of it and check open sessions again. */
export interface PrincipalChanged {
  readonly account_id: string;
  readonly user_id?: string;
  readonly key_id?: string;
}

/** Heard every two seconds from every live instance; six silent seconds mean gone. */
export interface Alive {
  readonly service: string;
  readonly instance: string;
  /** Unix milliseconds when the instance started. */
  readonly started_at: number;
}

/** Routing key suffix -> body, for `control.{name}`. */
export interface ControlMessages {
  readonly token_revoked: TokenRevoked;
  readonly principal_changed: PrincipalChanged;
}

export type ControlName = keyof ControlMessages;

/** The wire form of a control message; what an outbox stores, so that an announcement survives the process. */
export function encodeControl<Name extends ControlName>(
  name: Name,
  body: ControlMessages[Name],
  options: { readonly appId?: string; readonly messageId?: string; readonly timestampMs?: number } = {},
): WireMessage {
  return {
    exchange: CONTROL_EXCHANGE,
    routingKey: `control.${name}`,
    body: Buffer.from(JSON.stringify(body), 'utf8'),
    messageId: options.messageId ?? newMessageId(),
    timestampMs: options.timestampMs ?? Date.now(),
    type: name,
    appId: options.appId ?? 'ringdown',
    contentType: 'application/json',
    headers: {},
  };
}
