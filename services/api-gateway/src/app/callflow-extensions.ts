import { getDocument, type PublicDocument } from '@ringdown/contracts';
import { isAppError } from '@ringdown/core';
import { fieldError } from '@ringdown/http';
import type { ApiRequest } from '../front/request';
import type { CallflowDraft } from '../domain/calls/draft-flow';
import type { Rpc } from './rpc';

const MAX_NUMBER_LENGTH = 256;

/** Finds the number under which the switch's dialplan enters a callflow: the first of its document. */
export function callflowExtensions(
  rpc: Rpc,
  accountId: string,
  request: ApiRequest,
): (callflow: CallflowDraft) => Promise<string> {
  const known = new Map<string, string>();
  return async ({ id, place }) => {
    const extension = known.get(id) ?? firstNumber(await read(id, place), place);
    known.set(id, extension);
    return extension;
  };

  async function read(id: string, place: string): Promise<PublicDocument> {
    try {
      const path = { account_id: accountId, type: 'callflow', id };
      return (await rpc.ask(getDocument, path, request)).doc;
    } catch (error) {
      if (isAppError(error) && error.code === 'not_found') {
        throw fieldError(place, 'not_found', 'there is no such callflow', { target: id });
      }
      throw error;
    }
  }
}

function firstNumber(document: PublicDocument, place: string): string {
  const numbers: unknown = document['numbers'];
  const first: unknown = Array.isArray(numbers) ? numbers[0] : undefined;
  if (typeof first === 'string' && first !== '' && first.length <= MAX_NUMBER_LENGTH) return first;
  throw fieldError(place, 'invalid', 'the callflow has no number to enter it by');
}
