import { buildRoutingKey, decodeId } from '../../encoded-id';
import type { KeyFacts } from '../family';
import { isObjectAction, objectEventCategory, objectEventShape, type ObjectAction } from './object-event';

/** `object.{ACTION}.{TYPE}` */
export function objectRoutingKey(action: ObjectAction, type: string): string {
  return buildRoutingKey(['object', action], [type]);
}

export function readObjectKey(words: readonly string[]): KeyFacts | undefined {
  const action = words[1];
  const type = words[2];
  if (!isObjectAction(action) || type === undefined || type === '' || words.length !== 3) return undefined;
  return {
    name: action,
    shape: objectEventShape,
    defaults: { event_category: objectEventCategory, event_name: action, type: decodeId(type) },
  };
}
