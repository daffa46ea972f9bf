import type { Clock } from '@ringdown/core';
import type { ClientBinding } from '../../client-binding';
import { databaseName, isDocumentTypeName } from '../../document-types';
import { eventNotSupported, invalidFormat } from '../family';
import { isObjectAction } from './object-event';

/** `object.{ACTION or *}.{TYPE or *}`: exactly three segments, no document id. */
export function parseObjectBinding(text: string, words: readonly string[], clock: Clock): ClientBinding {
  const [, action, type] = words;
  if (action === undefined || type === undefined || words.length !== 3) throw invalidFormat('object', words);
  const actionKnown = action === '*' || isObjectAction(action);
  const typeKnown = type === '*' || isDocumentTypeName(type);
  if (!actionKnown || !typeKnown) throw eventNotSupported(`${action}.${type}`);
  const pattern = `object.${action}.${type}`;
  return {
    text,
    family: 'object',
    exchange: 'object',
    patterns: [pattern],
    filter: undefined,
    exactId: undefined,
    collapsedPattern: pattern,
    subscriptionKey: (accountId) => {
      const database = accountId === '*' ? '*' : databaseName(accountId, type, clock());
      return `${action}.${database}.${type}.*`;
    },
  };
}
