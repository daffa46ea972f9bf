import { callFamily } from './call';
import { conferenceFamily } from './conference';
import type { EventFamily } from './family';
import { faxFamily } from './fax';
import { messagingFamily } from './messaging';
import { objectFamily } from './object';

/** Every event family, in the order of the catalogue. */
export const families: readonly EventFamily[] = [
  callFamily,
  conferenceFamily,
  faxFamily,
  objectFamily,
  messagingFamily,
];

const byName: ReadonlyMap<string, EventFamily> = new Map(families.map((family) => [family.name, family]));

/** The family of an exchange, and of the first segment of a binding: they have the same name. */
export function familyNamed(name: string): EventFamily | undefined {
  return byName.get(name);
}
