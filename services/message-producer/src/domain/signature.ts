import { createHmac, timingSafeEqual } from 'node:crypto';
import { SIGNATURE_WINDOW_S } from '@ringdown/contracts';

/** Hex of HMAC-SHA256 over `{timestamp}.{body}`. */
export function signatureOf(secret: string, timestamp: string, body: string): string {
  return createHmac('sha256', secret).update(`${timestamp}.${body}`, 'utf8').digest('hex');
}

/** Whether the signature is that of the secret's holder. Takes the same time whatever is wrong with it. */
export function isSignedBy(
  secret: string,
  request: { readonly timestamp: string; readonly signature: string; readonly body: string },
): boolean {
  const given = request.signature.replace(/^sha256=/i, '').toLowerCase();
  const expected = signatureOf(secret, request.timestamp, request.body);
  return given.length === expected.length && timingSafeEqual(Buffer.from(given), Buffer.from(expected));
}

/** Whether a request was signed just now: Unix seconds, at most five minutes off either way. */
export function isFresh(timestamp: string, nowMs: number): boolean {
  return /^\d{1,12}$/.test(timestamp) && Math.abs(nowMs / 1000 - Number(timestamp)) <= SIGNATURE_WINDOW_S;
}
