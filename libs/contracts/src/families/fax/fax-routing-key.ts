import { buildRoutingKey, decodeId } from '../../encoded-id';
import { ownMember, type JsonObject } from '../../fields';
import type { KeyFacts } from '../family';
import { objectEventCategory, objectEventShape, type ObjectAction } from '../object/object-event';
import { idFromMembers } from '../single-id-binding';
import { faxStatusShape } from './fax-event';

/** `fax.status.{FAX_ID}`, the id raw. */
export function faxStatusRoutingKey(faxId: string): string {
  return buildRoutingKey(['fax', 'status'], [faxId]);
}

/** `fax.object.{ACTION}`: a fax document changed; the twin of `object.{ACTION}.fax`, under the same message id. */
export function faxObjectRoutingKey(action: ObjectAction): string {
  return buildRoutingKey(['fax', 'object'], [action]);
}

export const faxIdMembers: readonly string[] = ['fax_id', 'job_id'];

export function readFaxKey(words: readonly string[], body: JsonObject): KeyFacts | undefined {
  const tail = words.slice(2).join('.');
  if (tail === '') return undefined;
  if (words[1] === 'status') {
    const id = idFromMembers(tail, body, faxIdMembers);
    const named = faxIdMembers.some((member) => typeof ownMember(body, member) === 'string');
    return {
      name: 'status',
      shape: faxStatusShape,
      defaults: { event_category: 'fax', event_name: 'status', ...(named ? {} : { job_id: id }) },
    };
  }
  if (words[1] !== 'object' || words.length !== 3) return undefined;
  const action = decodeId(tail);
  return {
    name: action,
    shape: objectEventShape,
    defaults: { event_category: objectEventCategory, event_name: action, type: 'fax' },
  };
}
