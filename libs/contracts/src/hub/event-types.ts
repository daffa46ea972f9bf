import { isAppError } from '@ringdown/core';
import type { ClientBinding } from '../client-binding';
import type { FamilyName } from '../event';
import { documentTypes } from '../document-types';
import { callEventNames } from '../families/call';
import { conferenceEventKinds } from '../families/conference';
import { messagingEventNames } from '../families/messaging';
import { objectActions } from '../families/object';
import { MAX_BINDING_BYTES, parseBinding } from '../parse-binding';

/** Channels of the hub itself; no event of a family comes on them. */
export const hubChannels = ['global', 'health', 'system'] as const;

export type HubChannel = (typeof hubChannels)[number];

/** What a client of the hub (`/api/v1/ws/subscribe`) subscribes to. */
export interface HubEventType {
  /** The canonical spelling: two texts that mean the same type have the same. */
  readonly text: string;
  /** Which events it means; undefined for the channels of the hub itself. */
  readonly binding: ClientBinding | undefined;
}

/** The words that follow the family, in their right spelling, by level. Compared without case; ids are not among them. */
const vocabulary: Readonly<Record<FamilyName, readonly (readonly string[])[]>> = {
  call: [callEventNames],
  conference: [['event', 'command', ...conferenceEventKinds], conferenceEventKinds],
  fax: [['status', 'object'], objectActions],
  object: [objectActions, documentTypes.map(({ type }) => type)],
  messaging: [messagingEventNames],
};

/** How an event name alone is written as a binding. Default: any id behind it. */
const wholeEvents: ReadonlyMap<string, string> = new Map([
  ['conference.event', 'conference.event.*.*.*'],
  ...conferenceEventKinds.map((kind): [string, string] => [
    `conference.${kind}`,
    `conference.event.${kind}.*.*`,
  ]),
]);

/** Families and event names, for messages and documentation. */
export const hubEventTypeNames: readonly string[] = [
  ...hubChannels,
  ...(Object.keys(vocabulary) as FamilyName[]).flatMap((family) => [
    family,
    ...vocabulary[family][0]!.map((name) => `${family}.${name}`),
  ]),
];

/**
 * Reads one event type: a channel of the hub, a family (`call`), an event name (`call.CHANNEL_CREATE`,
 * `object.doc_edited`) or a binding with ids or `*` (`call.*.abc`, `object.*.user`). Case counts in ids only. Undefined
 * when it is none.
 */
export function parseHubEventType(text: string): HubEventType | undefined {
  const trimmed = text.trim();
  if (trimmed === '' || trimmed.length > MAX_BINDING_BYTES) return undefined;
  const channel = hubChannels.find((name) => name === trimmed.toLowerCase());
  if (channel !== undefined) return { text: channel, binding: undefined };
  const [first = '', ...rest] = trimmed.split('.');
  const family = first.toLowerCase();
  if (!isFamily(family)) return undefined;
  if (rest.length === 0) return { text: family, binding: wholeFamily(family) };
  const words = [family, ...spelled(family, rest)];
  const canonical = words.join('.');
  const binding = words.length === 2 ? eventBinding(canonical) : bindingOf(canonical);
  return binding && { text: canonical, binding: ownText(binding, canonical) };
}

/** Reads a list, of which each item may itself be comma-separated. Each type once, in the order given. */
export function parseHubEventTypes(list: string | readonly string[]): {
  readonly types: readonly HubEventType[];
  readonly unknown: readonly string[];
} {
  const types = new Map<string, HubEventType>();
  const unknown: string[] = [];
  for (const text of [list].flat().flatMap((item) => item.split(','))) {
    if (text.trim() === '') continue;
    const type = parseHubEventType(text);
    if (type === undefined) unknown.push(text.trim());
    else types.set(type.text, type);
  }
  return { types: [...types.values()], unknown };
}

function isFamily(name: string): name is FamilyName {
  return Object.hasOwn(vocabulary, name);
}

/** The words that are names in their right spelling; the first that is none and all after it are ids and stay. */
function spelled(family: FamilyName, words: readonly string[]): string[] {
  const levels = vocabulary[family];
  const result: string[] = [];
  for (const [index, word] of words.entries()) {
    const known = levels[index]?.find((name) => name.toLowerCase() === word.toLowerCase());
    if (known === undefined && word !== '*') return [...result, ...words.slice(index)];
    result.push(known ?? word);
  }
  return result;
}

function eventBinding(canonical: string): ClientBinding | undefined {
  const name = canonical.slice(canonical.indexOf('.') + 1);
  return bindingOf(wholeEvents.get(canonical) ?? (name === '*' ? '' : `${canonical}.*`));
}

function bindingOf(text: string): ClientBinding | undefined {
  try {
    return parseBinding(text);
  } catch (error) {
    if (isAppError(error)) return undefined;
    throw error;
  }
}

function wholeFamily(family: FamilyName): ClientBinding {
  const pattern = `${family}.#`;
  return {
    text: family,
    family,
    exchange: family,
    patterns: [pattern],
    filter: undefined,
    exactId: undefined,
    collapsedPattern: pattern,
    subscriptionKey: () => family,
  };
}

/**
 * Kazoo's Blackhole leaves some wildcards to super admins, because there they would show other accounts' events. A
 * subscription of ours is for one account whatever its pattern, and here the whole family may be had anyway.
 */
function ownText({ superAdminOnly: _, ...binding }: ClientBinding, text: string): ClientBinding {
  return { ...binding, text };
}
