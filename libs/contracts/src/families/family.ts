import { AppError, type Clock } from '@ringdown/core';
import type { ClientBinding } from '../client-binding';
import type { FamilyName } from '../event';
import type { JsonObject, Shape } from '../fields';

/** What a routing key says about its event. */
export interface KeyFacts {
  /** The event name a client sees. */
  readonly name: string;
  readonly shape: Shape;
  /** Members for a body that lacks them: event name, category and ids. */
  readonly defaults: JsonObject;
}

/** One line of the catalogue with an event that goes with it. */
export interface CatalogueEntry {
  /** The binding as advertised, for example `call.CHANNEL_CREATE.{CALL_ID}`. */
  readonly binding: string;
  readonly summary: string;
  /** True: Kazoo's documentation does not name it, so it is shown only when everything is asked for. */
  readonly undocumented?: boolean;
  readonly name: string;
  readonly shape: Shape;
  /** A concrete routing key of that kind. */
  readonly routingKey: string;
  /** A body that goes with the key. */
  sample(accountId: string): JsonObject;
  /** A body whose type errors must be found. */
  readonly invalid: JsonObject;
}

/** Everything about one event family; its exchange has the family's name. */
export interface EventFamily {
  readonly name: FamilyName;
  /** In the order in which clients get to see it. */
  readonly catalogue: readonly CatalogueEntry[];
  /** Undefined when the key is none of this family. `words`: the key, split. The body helps where an id was left raw. */
  readKey(words: readonly string[], body: JsonObject): KeyFacts | undefined;
  /** `words`: the binding, split. Throws AppError `bad_request`. */
  parseBinding(text: string, words: readonly string[], clock: Clock): ClientBinding;
}

/** Kazoo's complaint about the number or form of a binding's segments: lists those after the family. */
export function invalidFormat(family: FamilyName, words: readonly string[]): AppError {
  return new AppError(
    'bad_request',
    `invalid format for ${family} subscription : ${words.slice(1).join(', ')}`,
  );
}

export function eventNotSupported(event: string): AppError {
  return new AppError('bad_request', `event ${event} not supported`);
}

export function isWildcardWord(word: string): boolean {
  return word === '*' || word === '#';
}
