import type { ClientBinding } from '../client-binding';
import { idFromKey } from '../encoded-id';
import type { FamilyName, IncomingEvent } from '../event';
import { ownMember } from '../fields';
import { ANY_ID, bindable, type BindingId } from './binding-id';

/** A binding of the form `{family}.{event or *}.{id or *}`, which most are. */
export interface SingleIdBinding {
  readonly text: string;
  readonly family: FamilyName;
  /** The words before the id, `*` included. */
  readonly prefix: string;
  readonly id: BindingId;
  /** Body members that may hold the id, for keys that can be read in two ways. */
  readonly idMembers: readonly string[];
  subscriptionKey(accountId: string): string;
}

export function singleIdBinding(binding: SingleIdBinding): ClientBinding {
  const { text, family, prefix, id } = binding;
  return {
    text,
    family,
    exchange: family,
    patterns: bindable(id.forms.map((form) => `${prefix}.${form}`)),
    filter: id.ambiguous ? (event) => id.means(idOfEvent(event, binding.idMembers)) : undefined,
    exactId: id.wildcard ? undefined : id.word,
    collapsedPattern: `${prefix}.${ANY_ID}`,
    subscriptionKey: (accountId) => binding.subscriptionKey(accountId),
  };
}

/** The id at the end of a `{family}.{event}.{id}` key. */
function idOfEvent(event: IncomingEvent, idMembers: readonly string[]): string {
  const idStart = event.routingKey.indexOf('.', event.routingKey.indexOf('.') + 1) + 1;
  return idFromMembers(event.routingKey.slice(idStart), event.body, idMembers);
}

/** Reads the end of a key with the help of whichever of the members agrees with it. */
export function idFromMembers(
  tail: string,
  body: Readonly<Record<string, unknown>>,
  idMembers: readonly string[],
): string {
  for (const member of idMembers) {
    const id = ownMember(body, member);
    if (typeof id === 'string' && id !== '' && idFromKey(tail, id) === id) return id;
  }
  return idFromKey(tail, undefined);
}
