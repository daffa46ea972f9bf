import { createHash, randomBytes } from 'node:crypto';

/** Names of this system's things live here; never changed, or ids would. */
const NAMESPACE = 'b1f6f7b2-6d0f-4c55-9c1e-52a1f3f3a0d4';

/** The UUID of a name (RFC 9562, version 5): the same parts give the same id, in every process, for ever. */
export function nameId(...parts: readonly string[]): string {
  const digest = createHash('sha1')
    .update(Buffer.from(NAMESPACE.replaceAll('-', ''), 'hex'))
    .update(JSON.stringify(parts))
    .digest()
    .subarray(0, 16);
  return format(digest, 5);
}

/**
 * The id of the message that follows `last` in a conversation: a UUID of version 7, greater than `last` also when the
 * clock stepped back or another process, whose clock is ahead, wrote before. The caller holds the conversation.
 */
export function nextMessageId(last: string | undefined, nowMs: number): string {
  const bytes = randomBytes(16);
  bytes.writeUIntBE(last === undefined ? nowMs : Math.max(nowMs, timeOf(last) + 1), 0, 6);
  return format(bytes, 7);
}

/** Whether a text has the form of the ids made here. */
export function isUuid(text: string): boolean {
  return /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/.test(text);
}

function timeOf(messageId: string): number {
  return Number.parseInt(messageId.slice(0, 8) + messageId.slice(9, 13), 16);
}

function format(bytes: Buffer, version: number): string {
  bytes[6] = (bytes[6]! & 0x0f) | (version << 4);
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = bytes.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
