import type { Random } from '@ringdown/core';
import type { Party } from './channel';

/** The company's own number, from the range reserved for fiction. */
export const MAIN_NUMBER = '+15550100';
export const FAX_NUMBER = '+15550109';

/** Users that the demo account gets, with one device each. Found again by these names. */
export const STAFF = [
  {
    username: 'ann.demo',
    firstName: 'Ann',
    lastName: 'Keller',
    extension: '1001',
    sipUsername: 'demo_1001',
    deviceName: "Ann's desk phone",
  },
  {
    username: 'bob.demo',
    firstName: 'Bob',
    lastName: 'Moreau',
    extension: '1002',
    sipUsername: 'demo_1002',
    deviceName: "Bob's desk phone",
  },
] as const;

export type StaffMember = (typeof STAFF)[number];

const OUTSIDERS = [
  'Amira Haddad',
  'Bruno Costa',
  'Chloe Dubois',
  'Daniel Osei',
  'Elena Petrova',
  'Farid Nasser',
  'Grace Lindqvist',
  'Hiro Tanaka',
  'Ines Navarro',
  'Jonas Weber',
  'Kavya Rao',
  'Liam Byrne',
] as const;

/** Somebody who calls from outside, or is called there. The same person always has the same number. */
export function outsider(random: Random): Party {
  const index = random.between(0, OUTSIDERS.length - 1);
  return { name: OUTSIDERS[index] ?? OUTSIDERS[0], number: `+1555011${String(index).padStart(2, '0')}` };
}

/** Who answers at a number outside. */
export function outsideNumber(number: string): Party {
  return { name: number, number };
}
