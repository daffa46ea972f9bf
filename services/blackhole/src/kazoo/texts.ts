import type { Session } from '../core/session';

/** Error texts of Kazoo 4.3 and 5, word for word: clients compare them. */
export const errorTexts = {
  tokenRequired: 'authentication token required',
  tokenFormat: 'invalid authentication token format',
  dataRequired: 'missing required keys in data object',
  bindingRequired: 'missing required keys : binding',
  emptySubscription: 'empty subscription',
  unauthorizedAccount: 'unauthorized account id',
  /** Ours; Kazoo 4 answers these with a bogus success or closes with 1011. */
  actionRequired: 'missing required keys : action',
  bindingFormat: 'binding must be a string',
  bindingsFormat: 'bindings must be a list of strings',
  nameFormat: 'name must be a string of at most 256 characters',
  metadataSize: 'metadata must not be larger than 4096 bytes',
  snapshotFormat: 'snapshot must be true or false',
  tooManyBindings: 'too many bindings in one request',
  internal: 'internal error',
} as const;

export function rateLimitText({ remote }: Session): string {
  return `rate limiting threshold hit for ${remote.peerAddress}:${remote.peerPort}!`;
}

/**
 * Kazoo echoes the whole token; clients look at the words before it only, and a token is nothing for a log or a screen.
 * So: its first characters, never more than a quarter of it.
 */
export function tokenRefusedText(token: string): string {
  return `failed to authenticate token ${token.slice(0, Math.min(8, Math.floor(token.length / 4)))}…`;
}

export function unknownActionText(action: string): string {
  return `unknown action ${action.slice(0, 64)}`;
}
