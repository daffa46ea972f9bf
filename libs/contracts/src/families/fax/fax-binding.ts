import type { Clock } from '@ringdown/core';
import type { ClientBinding } from '../../client-binding';
import { databaseName } from '../../document-types';
import { bindable, parseBindingId } from '../binding-id';
import { invalidFormat } from '../family';
import { singleIdBinding } from '../single-id-binding';
import { faxIdMembers } from './fax-routing-key';

/** `fax.status.{FAX_ID or *}` and `fax.object.{ACTION or *}`; Kazoo does not check the action. */
export function parseFaxBinding(text: string, words: readonly string[], clock: Clock): ClientBinding {
  const id = parseBindingId(words.slice(2).join('.'));
  if (words[1] === 'status' && id !== undefined) {
    return singleIdBinding({
      text,
      family: 'fax',
      prefix: 'fax.status',
      id,
      idMembers: faxIdMembers,
      subscriptionKey: (accountId) => `fax.status.${accountId}.${id.word}`,
    });
  }
  if (words[1] !== 'object' || words.length !== 3 || id === undefined) throw invalidFormat('fax', words);
  const action = id.word;
  return {
    text,
    family: 'fax',
    exchange: 'fax',
    patterns: bindable([`fax.object.${action}`]),
    filter: undefined,
    exactId: id.wildcard ? undefined : action,
    collapsedPattern: 'fax.object.*',
    subscriptionKey: (accountId) => {
      const database = accountId === '*' ? '*' : databaseName(accountId, 'fax', clock());
      return `${action}.${database}.fax.*`;
    },
  };
}
