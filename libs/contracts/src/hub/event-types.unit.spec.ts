import { hubEventTypeNames, parseHubEventType, parseHubEventTypes } from './event-types';

const read = (text: string) => {
  const type = parseHubEventType(text);
  return type && [type.text, type.binding?.exchange, ...(type.binding?.patterns ?? [])];
};

describe('an event type', () => {
  it.each([
    ['global', 'global', undefined],
    [' Health ', 'health', undefined],
    ['SYSTEM', 'system', undefined],
    ['call', 'call', 'call.#'],
    ['Object', 'object', 'object.#'],
    ['conference', 'conference', 'conference.#'],
    ['fax', 'fax', 'fax.#'],
    ['messaging', 'messaging', 'messaging.#'],
    ['call.channel_create', 'call.CHANNEL_CREATE', 'call.CHANNEL_CREATE.*.#'],
    ['CALL.CHANNEL_CREATE.*', 'call.CHANNEL_CREATE.*', 'call.CHANNEL_CREATE.*.#'],
    ['call.channel_create.AbC', 'call.CHANNEL_CREATE.AbC', 'call.CHANNEL_CREATE.AbC'],
    ['call.*.AbC', 'call.*.AbC', 'call.*.AbC'],
    ['call.*.*', 'call.*.*', 'call.*.*.#'],
    ['object.doc_edited', 'object.doc_edited', 'object.doc_edited.*'],
    ['OBJECT.DOC_EDITED.USER', 'object.doc_edited.user', 'object.doc_edited.user'],
    ['object.*.User', 'object.*.user', 'object.*.user'],
    ['fax.status', 'fax.status', 'fax.status.*.#'],
    ['fax.object.doc_created', 'fax.object.doc_created', 'fax.object.doc_created'],
    ['conference.command', 'conference.command', 'conference.command.*.#'],
    ['conference.event', 'conference.event', 'conference.event.*.*.#'],
    ['messaging.unread_count', 'messaging.unread_count', 'messaging.unread_count.*.#'],
  ])('%s is %s', (text, canonical, pattern) => {
    const family = pattern?.split('.')[0];
    expect(read(text)).toEqual([canonical, family, ...(pattern === undefined ? [] : [pattern])]);
  });

  it.each([
    '',
    ' ',
    'pdfm',
    'call.NOPE',
    'call.NOPE.*',
    'call.*',
    'call.',
    'call.#',
    'call.CHANNEL_CREATE.#',
    'object.doc_edited.nonsense',
    'object.doc_edited.user.x',
    'control',
    'control.token_revoked',
    '#',
    '*',
    '__proto__',
    'constructor.x',
    `call.CHANNEL_CREATE.${'x'.repeat(600)}`,
  ])('%j is none', (text) => expect(parseHubEventType(text)).toBeUndefined());

  it('of a kind of conference event means that kind in all conferences of the account, for everybody', () => {
    const kind = hubEventTypeNames.filter((name) => name.startsWith('conference.')).at(-1)!;
    const own = parseHubEventType(kind.toUpperCase())!;
    expect(own.text).toBe(kind);
    expect(own.binding).not.toHaveProperty('superAdminOnly');
    const event = (name: string) => ({
      messageId: undefined,
      family: 'conference' as const,
      name,
      routingKey: 'conference.event.4001.abc',
      accountId: 'a',
      timestampMs: 0,
      body: { event: name, conference_id: '4001', call_id: 'abc' },
    });
    expect(own.binding!.filter!(event(kind.slice('conference.'.length)))).toBe(true);
    expect(own.binding!.filter!(event('another'))).toBe(false);
  });
});

describe('a list of event types', () => {
  it('is comma-separated, in order, each once; what is unknown is told apart', () => {
    const { types, unknown } = parseHubEventTypes('pdfm, Call ,call,,health,call.*.*,vm');
    expect(types.map(({ text }) => text)).toEqual(['call', 'health', 'call.*.*']);
    expect(unknown).toEqual(['pdfm', 'vm']);
  });

  it('may be an array', () => {
    const { types } = parseHubEventTypes(['call', 'object.doc_edited.user,fax']);
    expect(types.map(({ text }) => text)).toEqual(['call', 'object.doc_edited.user', 'fax']);
  });

  it('knows every name it advertises', () => {
    expect(hubEventTypeNames.filter((name) => parseHubEventType(name)?.text !== name)).toEqual([]);
    expect(hubEventTypeNames).toEqual(
      expect.arrayContaining([
        'global',
        'call',
        'call.CHANNEL_CREATE',
        'object.doc_edited',
        'messaging.message',
      ]),
    );
  });
});
