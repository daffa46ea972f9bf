import { isAppError } from '@ringdown/core';
import { hubErrorBody, hubFailureOf } from '@ringdown/http';
import type { Refusal, RefusalAnswer, RefusalReason, UpgradeRequest } from '../core/upgrade';

const statuses: Readonly<Record<RefusalReason, number>> = {
  bad_request: 400,
  bad_handshake: 400,
  unauthorized: 401,
  forbidden: 403,
  address_limit: 409,
  principal_limit: 409,
  unavailable: 503,
  not_accepting: 503,
};

/** The answer to a refused upgrade, in the form of `/api/v1`. What nobody foresaw says nothing to the client. */
export function hubRefusal(refusal: Refusal, { path }: Pick<UpgradeRequest, 'path'>): RefusalAnswer {
  const { reason, error } = refusal;
  const known = isAppError(error) ? hubFailureOf(error, path) : undefined;
  // A disabled account is no fault of the service, whatever the core makes of it.
  const status = known?.status === 403 ? 403 : statuses[reason];
  const body =
    known?.status === status ? known.body : hubErrorBody(status, textOf(refusal), { error: reason, path });
  return { status, body, headers: headersOf(status) };
}

/** The answer to a request for a socket that is no handshake at all. */
export function notAHandshake(path: string): RefusalAnswer {
  const message = 'this is not a WebSocket handshake';
  return hubRefusal({ reason: 'bad_handshake', status: 400, message }, { path });
}

function textOf({ reason, message, error }: Refusal): string {
  if (reason === 'bad_handshake') return `Failed to upgrade connection: ${message}`;
  return error === undefined || isAppError(error) ? message : 'temporarily unavailable, try again';
}

function headersOf(status: number): Record<string, string> {
  if (status === 401) return { 'www-authenticate': 'Bearer' };
  return status === 503 ? { 'retry-after': '1' } : {};
}
