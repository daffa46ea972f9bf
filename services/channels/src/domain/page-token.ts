import { AppError } from '@ringdown/core';
import { compareAges, type Channel } from './channel';

type Position = Pick<Channel, 'created' | 'callId' | 'accountId'>;

/** Where a page ends; only the registry can read it. */
export function tokenOf({ created, callId, accountId }: Position): string {
  return Buffer.from(JSON.stringify([created, callId, accountId]), 'utf8').toString('base64url');
}

/** Tells what comes after the token's channel, also when that one is gone. Error: bad_request. */
export function afterToken(token: string | undefined): (channel: Position) => boolean {
  if (token === undefined) return () => true;
  const position = read(token);
  return (channel) => compareAges(channel, position) > 0;
}

function read(token: string): Position {
  try {
    const value: unknown = JSON.parse(Buffer.from(token, 'base64url').toString('utf8'));
    const [created, callId, accountId] = Array.isArray(value) ? (value as unknown[]) : [];
    if (typeof created === 'number' && typeof callId === 'string' && typeof accountId === 'string') {
      return { created, callId, accountId };
    }
  } catch {
    // Answered below.
  }
  throw new AppError('bad_request', 'no such page');
}
