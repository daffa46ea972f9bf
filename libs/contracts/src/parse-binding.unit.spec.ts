import fc from 'fast-check';
import { isAppError } from '@ringdown/core';
import { parseBinding } from './parse-binding';

const account = '0f1e2d3c4b5a69788796a5b4c3d2e1f0';
const database = 'account%2F0f%2F1e%2F2d3c4b5a69788796a5b4c3d2e1f0';
const january = (): number => Date.UTC(2026, 0, 15);

function refusalOf(text: unknown): string {
  try {
    parseBinding(text);
  } catch (error) {
    if (isAppError(error) && error.code === 'bad_request') return error.message;
    throw error;
  }
  throw new Error(`${String(text)} was to be refused`);
}

describe('parseBinding, what it takes', () => {
  it.each<[string, readonly string[], string]>([
    ['call.CHANNEL_CREATE.*', ['call.CHANNEL_CREATE.*.#'], `call.${account}.CHANNEL_CREATE.*`],
    ['call.CHANNEL_ANSWER.a1', ['call.CHANNEL_ANSWER.a1'], `call.${account}.CHANNEL_ANSWER.a1`],
    ['call.*.*', ['call.*.*.#'], `call.${account}.*.*`],
    ['call.*.a1', ['call.*.a1'], `call.${account}.*.a1`],
    [
      'call.*.a84b@10.1.2.3',
      ['call.*.a84b@10%2E1%2E2%2E3', 'call.*.a84b@10.1.2.3'],
      `call.${account}.*.a84b@10%2E1%2E2%2E3`,
    ],
    [
      'call.PARK_PARKED.a84b@10%2E1%2E2%2E3',
      ['call.PARK_PARKED.a84b@10%2E1%2E2%2E3', 'call.PARK_PARKED.a84b@10.1.2.3'],
      `call.${account}.PARK_PARKED.a84b@10%2E1%2E2%2E3`,
    ],
    ['call.*.%2A', ['call.*.%2A'], `call.${account}.*.%2A`],
    ['conference.event.*.c1.*', ['conference.event.c1.*.#'], `conference.event.*.${account}.c1.*`],
    ['conference.event.*.c1.a1', ['conference.event.c1.a1'], `conference.event.*.${account}.c1.a1`],
    ['conference.event.lock.c1.*', ['conference.event.c1.*.#'], `conference.event.lock.${account}.c1.*`],
    [
      'conference.event.add-member.c1.a.1',
      ['conference.event.c1.a%2E1', 'conference.event.c1.a.1'],
      `conference.event.add-member.${account}.c1.a%2E1`,
    ],
    [
      'conference.event.*.c%2E1.*',
      ['conference.event.c%2E1.*.#', 'conference.event.c.1.*.#'],
      `conference.event.*.${account}.c%2E1.*`,
    ],
    ['conference.event.*.*.*', ['conference.event.*.*.#'], `conference.event.*.${account}.*.*`],
    ['conference.event.c1.*', ['conference.event.c1.*.#'], `conference.event.*.${account}.c1.*`],
    ['conference.event.c1.a1', ['conference.event.c1.a1'], `conference.event.*.${account}.c1.a1`],
    [
      'conference.event.c1.a.1',
      ['conference.event.c1.a%2E1', 'conference.event.c1.a.1'],
      `conference.event.*.${account}.c1.a%2E1`,
    ],
    ['conference.event.c1.*.*', ['conference.event.c1.*.#'], `conference.event.*.${account}.c1.*`],
    ['conference.event.c1.a1.*', ['conference.event.c1.a1'], `conference.event.*.${account}.c1.a1`],
    ['conference.event.c1.*.lock', ['conference.event.c1.*.#'], `conference.event.lock.${account}.c1.*`],
    ['conference.command.c1', ['conference.command.c1'], 'conference.command.c1'],
    ['conference.command.*', ['conference.command.*.#'], 'conference.command.*'],
    ['fax.status.*', ['fax.status.*.#'], `fax.status.${account}.*`],
    ['fax.status.f1', ['fax.status.f1'], `fax.status.${account}.f1`],
    ['fax.object.*', ['fax.object.*'], `*.${account}-202601.fax.*`],
    ['fax.object.doc_edited', ['fax.object.doc_edited'], `doc_edited.${account}-202601.fax.*`],
    ['fax.object.anything', ['fax.object.anything'], `anything.${account}-202601.fax.*`],
    ['object.doc_created.user', ['object.doc_created.user'], `doc_created.${database}.user.*`],
    ['object.*.device', ['object.*.device'], `*.${database}.device.*`],
    ['object.doc_deleted.*', ['object.doc_deleted.*'], `doc_deleted.${database}.*.*`],
    ['object.*.*', ['object.*.*'], `*.${database}.*.*`],
    ['object.doc_created.fax', ['object.doc_created.fax'], `doc_created.${account}-202601.fax.*`],
    ['object.*.mailbox_message', ['object.*.mailbox_message'], `*.${account}-202601.mailbox_message.*`],
    ['messaging.message.*', ['messaging.message.*.#'], `messaging.${account}.message.*`],
    ['messaging.unread_count.v1', ['messaging.unread_count.v1'], `messaging.${account}.unread_count.v1`],
    ['messaging.*.v1', ['messaging.*.v1'], `messaging.${account}.*.v1`],
    ['messaging.*.*', ['messaging.*.*.#'], `messaging.${account}.*.*`],
  ])('binds %s as %j and shows it as %s', (text, patterns, subscriptionKey) => {
    const binding = parseBinding(text, january);

    expect(binding.text).toBe(text);
    expect(binding.patterns).toEqual(patterns);
    expect(binding.subscriptionKey(account)).toBe(subscriptionKey);
    expect(binding.exchange).toBe(text.split('.')[0]);
    expect(binding.family).toBe(text.split('.')[0]);
  });

  it('has no database name for all accounts', () => {
    expect(parseBinding('object.*.user').subscriptionKey('*')).toBe('*.*.user.*');
    expect(parseBinding('fax.object.*').subscriptionKey('*')).toBe('*.*.fax.*');
  });

  it('shows monthly documents under the present month', () => {
    let now = Date.UTC(2026, 0, 31, 23, 59, 59);
    const binding = parseBinding('object.doc_created.fax', () => now);
    expect(binding.subscriptionKey('A')).toBe('doc_created.A-202601.fax.*');

    now += 1000;
    expect(binding.subscriptionKey('A')).toBe('doc_created.A-202602.fax.*');
  });

  it('keeps conferences of any id for super admins', () => {
    const text = 'unauthorized wildcard for conference id';

    expect(parseBinding('conference.event.*.*.*').superAdminOnly).toBe(text);
    expect(parseBinding('conference.event.lock.*.a1').superAdminOnly).toBe(text);
    expect(parseBinding('conference.event.*.c1.*').superAdminOnly).toBeUndefined();
    expect(parseBinding('conference.command.*').superAdminOnly).toBeUndefined();
  });

  it.each([
    ['call.CHANNEL_CREATE.a1', 'a1', 'call.CHANNEL_CREATE.*.#'],
    ['call.*.a.b', 'a%2Eb', 'call.*.*.#'],
    ['call.*.*', undefined, 'call.*.*.#'],
    ['conference.event.*.c1.*', 'c1.*', 'conference.event.*.*.#'],
    ['conference.event.c1.a1', 'c1.a1', 'conference.event.*.*.#'],
    ['conference.event.*.*.*', undefined, 'conference.event.*.*.#'],
    ['conference.command.c1', 'c1', 'conference.command.*.#'],
    ['fax.status.f1', 'f1', 'fax.status.*.#'],
    ['fax.object.anything', 'anything', 'fax.object.*'],
    ['fax.object.*', undefined, 'fax.object.*'],
    ['object.doc_created.user', undefined, 'object.doc_created.user'],
    ['messaging.message.v1', 'v1', 'messaging.message.*.#'],
  ])('gives of %s the id %s to collapse under %s', (text, exactId, collapsedPattern) => {
    expect(parseBinding(text)).toMatchObject({ exactId, collapsedPattern });
  });
});

describe('parseBinding, what it refuses', () => {
  const unavailable = 'no available subscriptions to requested binding';

  it.each<[unknown, string]>([
    ['call', 'invalid format for call subscription : '],
    ['call.CHANNEL_CREATE', 'invalid format for call subscription : CHANNEL_CREATE'],
    ['call.CHANNEL_CREATE.', 'invalid format for call subscription : CHANNEL_CREATE, '],
    ['call.CHANNEL_CREATE.#', 'invalid format for call subscription : CHANNEL_CREATE, #'],
    ['call.CHANNEL_CREATE.*.*', 'invalid format for call subscription : CHANNEL_CREATE, *, *'],
    ['call.CHANNEL_CREATE.a.#', 'invalid format for call subscription : CHANNEL_CREATE, a, #'],
    ['call.CHANNEL_LAUGH.*', 'event CHANNEL_LAUGH not supported'],
    ['call.#.a1', 'event # not supported'],
    ['call.channel_create.*', 'event channel_create not supported'],
    ['conference', 'invalid format for conference subscription : '],
    ['conference.command', 'invalid format for conference subscription : command'],
    ['conference.command.', 'ConferenceId required'],
    ['conference.command.#', 'invalid format for conference subscription : command, #'],
    ['conference.event', 'invalid format for conference subscription : event'],
    ['conference.event.c1', 'invalid format for conference subscription : event, c1'],
    ['conference.event.*', 'invalid format for conference subscription : event, *'],
    ['conference.event.*.a1', 'ConferenceId required'],
    ['conference.event.*.*', 'ConferenceId required'],
    ['conference.event..a1', 'ConferenceId required'],
    ['conference.event.*..a1', 'ConferenceId required'],
    ['conference.event.lock.c1', 'invalid format for conference subscription : event, lock, c1'],
    ['conference.event.c1.*.sing', 'Unsupported conference event sing'],
    ['conference.event.c1.*.a.lock', 'invalid format for conference subscription : event, c1, *, a, lock'],
    ['conference.event.#.c1.*', 'invalid format for conference subscription : event, #, c1, *'],
    ['conference.event.*.#.*', 'invalid format for conference subscription : event, *, #, *'],
    ['conference.event.*.c1.*.*', 'invalid format for conference subscription : event, *, c1, *, *'],
    ['conference.event.*.c1.#', 'invalid format for conference subscription : event, *, c1, #'],
    ['conference.talk.c1', 'invalid format for conference subscription : talk, c1'],
    ['conference.*.c1', 'invalid format for conference subscription : *, c1'],
    ['fax', 'invalid format for fax subscription : '],
    ['fax.status', 'invalid format for fax subscription : status'],
    ['fax.status.#', 'invalid format for fax subscription : status, #'],
    ['fax.object', 'invalid format for fax subscription : object'],
    ['fax.object.a.b', 'invalid format for fax subscription : object, a, b'],
    ['fax.*.*', 'invalid format for fax subscription : *, *'],
    ['object', 'invalid format for object subscription : '],
    ['object.doc_created', 'invalid format for object subscription : doc_created'],
    ['object.doc_created.user.5d0c', 'invalid format for object subscription : doc_created, user, 5d0c'],
    ['object.doc_created.*.user.*', 'invalid format for object subscription : doc_created, *, user, *'],
    ['object.doc_created.pet', 'event doc_created.pet not supported'],
    ['object.doc_lost.user', 'event doc_lost.user not supported'],
    ['object.doc_lost.*', 'event doc_lost.* not supported'],
    ['object.*.pet', 'event *.pet not supported'],
    ['object.*.#', 'event *.# not supported'],
    ['messaging.message', 'invalid format for messaging subscription : message'],
    ['messaging.message.#', 'invalid format for messaging subscription : message, #'],
    ['messaging.smell.*', 'event smell not supported'],
    ['weather.today', unavailable],
    ['presence.dialog.*', unavailable],
    ['control.alive.*.*', unavailable],
    ['journal.call', unavailable],
    ['_fence.1', unavailable],
    ['*.*.*', unavailable],
    ['*', unavailable],
    ['#', unavailable],
    ['.call.*', unavailable],
    ['Call.CHANNEL_CREATE.*', unavailable],
    ['constructor.a.b', unavailable],
    ['', 'empty subscription'],
    [undefined, 'binding must be a string'],
    [null, 'binding must be a string'],
    [42, 'binding must be a string'],
    [['call.*.*'], 'binding must be a string'],
    [{ toString: (): string => 'call.*.*' }, 'binding must be a string'],
    [`call.*.${'a'.repeat(506)}`, 'binding longer than 512 bytes'],
    [`call.*.${'ß'.repeat(253)}`, 'binding longer than 512 bytes'],
    [`call.*.${'a'.repeat(300)}`, 'id too long: its routing key exceeds 255 bytes'],
    [`fax.object.${'a'.repeat(300)}`, 'id too long: its routing key exceeds 255 bytes'],
  ])('answers to %j: %s', (text, message) => {
    expect(refusalOf(text)).toBe(message);
  });

  it('takes a long id in the one form that fits', () => {
    const id = `${'a.'.repeat(100)}a`;

    expect(parseBinding(`call.*.${id}`).patterns).toEqual([`call.*.${id}`]);
  });

  it('throws nothing but bad_request, and never has more than one # in a pattern', () => {
    const word = fc.oneof(
      fc.constantFrom('call', 'conference', 'fax', 'object', 'messaging', 'event', 'command', 'status'),
      fc.constantFrom('CHANNEL_CREATE', 'lock', 'doc_created', 'user', 'message', '*', '#', '', 'a+b', '%2A'),
      fc.string({ unit: 'binary', maxLength: 10 }),
    );
    const text = fc.oneof(
      fc.array(word, { maxLength: 7 }).map((words) => words.join('.')),
      fc.anything(),
    );
    fc.assert(
      fc.property(text, (candidate) => {
        try {
          const { patterns, subscriptionKey } = parseBinding(candidate);
          expect(new Set(patterns).size).toBe(patterns.length);
          expect(patterns.length).toBeGreaterThan(0);
          for (const pattern of patterns) {
            expect(pattern.split('.').filter((part) => part === '#').length).toBeLessThanOrEqual(1);
            expect(Buffer.byteLength(pattern)).toBeLessThanOrEqual(255);
          }
          expect(typeof subscriptionKey(account)).toBe('string');
        } catch (error) {
          if (!isAppError(error) || error.code !== 'bad_request') throw error;
        }
      }),
      { numRuns: 5000 },
    );
  });
});
