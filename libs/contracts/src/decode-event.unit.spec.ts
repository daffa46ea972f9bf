import fc from 'fast-check';
import { decodeEvent } from './decode-event';
import type { IncomingEvent } from './event';
import { families } from './families/families';
import { MAX_EVENT_BYTES, MAX_EVENT_DEPTH } from './json-body';
import type { WireMessage } from './wire-message';

const foreign = (routingKey: string, body: unknown, changes: Partial<WireMessage> = {}): WireMessage => ({
  exchange: routingKey.split('.')[0]!,
  routingKey,
  body: Buffer.isBuffer(body) ? body : Buffer.from(JSON.stringify(body)),
  messageId: undefined,
  timestampMs: undefined,
  type: undefined,
  appId: undefined,
  contentType: undefined,
  headers: {},
  ...changes,
});

function decoded(message: WireMessage): IncomingEvent {
  const result = decodeEvent(message);
  if (!result.ok) throw new Error(`refused: ${result.reason} ${result.detail}`);
  return result.event;
}

const reasonOf = (message: WireMessage): string => {
  const result = decodeEvent(message);
  return result.ok ? 'accepted' : result.reason;
};

describe('decodeEvent, what a foreign publisher leaves out', () => {
  it('takes a key and an object for an event', () => {
    const event = decoded(
      foreign('call.CHANNEL_CREATE.a1', { call_id: 'a1', custom_channel_vars: { account_id: 'A' } }),
    );

    expect(event).toMatchObject({ family: 'call', name: 'CHANNEL_CREATE', accountId: 'A' });
    expect(event.body).toEqual({
      call_id: 'a1',
      custom_channel_vars: { account_id: 'A' },
      event_category: 'call_event',
      event_name: 'CHANNEL_CREATE',
    });
  });

  it.each([
    ['call.CHANNEL_CREATE.a%2Eb', { call_id: 'a.b', event_name: 'CHANNEL_CREATE' }],
    ['call.PARK_PARKED.x@10.1.2.3', { call_id: 'x@10.1.2.3', event_name: 'PARK_PARKED' }],
    ['conference.event.c1.a1', { conference_id: 'c1', call_id: 'a1', event_name: 'event' }],
    ['conference.event.c1.a@1.2', { conference_id: 'c1', call_id: 'a@1.2' }],
    ['conference.command.Sales+room', { conference_id: 'Sales room', event_name: 'command' }],
    ['fax.status.f1', { job_id: 'f1', event_name: 'status', event_category: 'fax' }],
    ['fax.object.doc_edited', { event_name: 'doc_edited', type: 'fax', event_category: 'configuration' }],
    ['object.doc_deleted.user', { event_name: 'doc_deleted', type: 'user' }],
    ['messaging.message.v1', { conversation_id: 'v1', event_name: 'message' }],
    ['messaging.unread_count.v1', { conversation_id: 'v1' }],
    ['messaging.channel_connected.k1', { id: 'k1', event_category: 'messaging' }],
    ['messaging.channel_disconnected.k1', { id: 'k1' }],
  ])('fills in from %s: %j', (routingKey, members) => {
    expect(decoded(foreign(routingKey, {})).body).toMatchObject(members);
  });

  it('names no call in a conference event that concerns none', () => {
    expect(decoded(foreign('conference.event.c1.c1', {})).body).not.toHaveProperty('call_id');
  });

  it('finds the end of a raw conference id with the help of the body', () => {
    const event = decoded(foreign('conference.event.c.1.a@1.2', { conference_id: 'c.1' }));

    expect(event.body).toMatchObject({ conference_id: 'c.1', call_id: 'a@1.2' });
  });

  it('keeps what the body says, also where the key says otherwise', () => {
    const event = decoded(foreign('call.CHANNEL_CREATE.a1', { call_id: 'b2', event_name: 'mine' }));

    expect(event.body).toMatchObject({ call_id: 'b2', event_name: 'mine' });
    expect(event.name).toBe('CHANNEL_CREATE');
  });

  it('takes null and the empty text for missing', () => {
    const event = decoded(foreign('call.CHANNEL_CREATE.a1', { call_id: null, event_name: '' }));

    expect(event.body).toMatchObject({ call_id: 'a1', event_name: 'CHANNEL_CREATE' });
  });

  it('does not take fax_id for missing when the publisher named it so', () => {
    expect(decoded(foreign('fax.status.f1', { fax_id: 'f1' })).body).not.toHaveProperty('job_id');
  });

  it('lets unknown members pass unchanged', () => {
    const extra = { my_field: [1, { 'Header-Case': null }], constructor: 'x' };

    expect(decoded(foreign('object.doc_created.user', extra)).body).toMatchObject(extra);
  });

  it('leaves a message id and a time that cannot be used away', () => {
    const event = decoded(foreign('object.doc_created.user', {}, { messageId: '', timestampMs: Number.NaN }));

    expect(event.messageId).toBeUndefined();
    expect(Number.isFinite(event.timestampMs)).toBe(true);
    const dated = foreign('object.doc_created.user', {}, { messageId: 'm', timestampMs: 5 });
    expect(decoded(dated)).toMatchObject({ messageId: 'm', timestampMs: 5 });
  });
});

describe('decodeEvent, whose event it is', () => {
  const body = { account_id: 'body', custom_channel_vars: { account_id: 'vars' } };
  const accountOf = (content: unknown, headers: Record<string, string> = {}): string | undefined =>
    decoded(foreign('call.CHANNEL_CREATE.a1', content, { headers })).accountId;

  it('asks the header, then the body, then the channel variables', () => {
    expect(accountOf(body, { account_id: 'header' })).toBe('header');
    expect(accountOf(body)).toBe('body');
    expect(accountOf({ custom_channel_vars: body.custom_channel_vars })).toBe('vars');
    expect(accountOf({})).toBeUndefined();
  });

  it('passes over an empty one', () => {
    expect(accountOf({ ...body, account_id: '' }, { account_id: '' })).toBe('vars');
  });

  it('does not take an inherited member for one', () => {
    const message = Buffer.from(
      '{"__proto__":{"account_id":"evil"},"custom_channel_vars":{"__proto__":{"account_id":"evil"}}}',
    );

    expect(accountOf(message)).toBeUndefined();
  });
});

describe('decodeEvent, what cannot be used', () => {
  it.each([
    ['weather.rain.x', {}, 'unknown_exchange'],
    ['control.token_revoked', {}, 'unknown_exchange'],
    ['__proto__.x.y', {}, 'unknown_exchange'],
    ['call', {}, 'bad_routing_key'],
    ['call.CHANNEL_CREATE', {}, 'bad_routing_key'],
    ['call.CHANNEL_CREATE.', {}, 'bad_routing_key'],
    ['call.CHANNEL_LAUGH.a1', {}, 'bad_routing_key'],
    ['conference.event.c1', {}, 'bad_routing_key'],
    ['conference.event..a1', {}, 'bad_routing_key'],
    ['conference.event.c1.', {}, 'bad_routing_key'],
    ['conference.talk.c1', {}, 'bad_routing_key'],
    ['fax.status', {}, 'bad_routing_key'],
    ['fax.object.doc_created.x', {}, 'bad_routing_key'],
    ['object.doc_created', {}, 'bad_routing_key'],
    ['object.doc_created.user.id', {}, 'bad_routing_key'],
    ['object.doc_lost.user', {}, 'bad_routing_key'],
    ['messaging.smell.x', {}, 'bad_routing_key'],
    ['object.doc_created.user', [], 'not_an_object'],
    ['object.doc_created.user', null, 'not_an_object'],
    ['object.doc_created.user', 'text', 'not_an_object'],
    ['object.doc_created.user', Buffer.from('{'), 'not_json'],
    ['object.doc_created.user', Buffer.alloc(0), 'not_json'],
    ['object.doc_created.user', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]), 'not_json'],
    ['object.doc_created.user', { account_id: 7 }, 'invalid_field'],
    ['call.CHANNEL_CREATE.a1', { custom_channel_vars: { account_id: {} } }, 'invalid_field'],
  ])('refuses %s with %j as %s', (routingKey, body, reason) => {
    expect(reasonOf(foreign(routingKey, body))).toBe(reason);
  });

  it('refuses a key of another family than its exchange', () => {
    expect(reasonOf(foreign('call.CHANNEL_CREATE.a1', {}, { exchange: 'object' }))).toBe('bad_routing_key');
    expect(reasonOf(foreign('call.doc_created.user', {}, { exchange: 'object' }))).toBe('bad_routing_key');
  });

  it('refuses a fence of the event log', () => {
    expect(reasonOf(foreign('_fence.1', {}, { exchange: 'call' }))).toBe('bad_routing_key');
  });

  it('refuses a body above the limit and takes one of exactly the limit', () => {
    const body = (size: number): Buffer => Buffer.from(`{"x":"${'y'.repeat(size - 8)}"}`);

    expect(reasonOf(foreign('object.doc_created.user', body(MAX_EVENT_BYTES + 1)))).toBe('too_large');
    expect(reasonOf(foreign('object.doc_created.user', body(MAX_EVENT_BYTES)))).toBe('accepted');
  });

  it('refuses a body nested too deep, which could not be serialised again', () => {
    const nested = (levels: number): Buffer =>
      Buffer.from(`{"x":${'['.repeat(levels - 1)}${']'.repeat(levels - 1)}}`);

    expect(reasonOf(foreign('object.doc_created.user', nested(MAX_EVENT_DEPTH)))).toBe('accepted');
    expect(reasonOf(foreign('object.doc_created.user', nested(MAX_EVENT_DEPTH + 1)))).toBe('too_large');
    expect(reasonOf(foreign('object.doc_created.user', nested(200_000)))).toBe('too_large');
  });

  it('does not count brackets inside text', () => {
    expect(reasonOf(foreign('object.doc_created.user', { x: `"${'[{'.repeat(200)}` }))).toBe('accepted');
  });

  it.each(['{"a":{"__proto__":{"x":1},"b":2}}', '{"a":{"\\u005f_proto__":{"x":1},"b":2}}'])(
    'drops members named __proto__ at any depth, however they are written: %s',
    (text) => {
      const { body } = decoded(foreign('object.doc_created.user', Buffer.from(text)));

      expect(JSON.stringify(body.a)).toBe('{"b":2}');
      expect(Object.getPrototypeOf(body.a)).toBe(Object.prototype);
    },
  );
});

describe('decodeEvent, for any message', () => {
  const word = fc.oneof(
    fc.constantFrom('call', 'CHANNEL_CREATE', 'conference', 'event', 'command', 'fax', 'status', 'object'),
    fc.constantFrom('doc_created', 'user', 'messaging', 'message', '*', '#', '', '__proto__', '%', 'a+b'),
    fc.string({ unit: 'binary', maxLength: 8 }),
  );
  const known = fc.constantFrom(
    ...new Set(families.flatMap(({ catalogue }) => catalogue.flatMap((e) => Object.keys(e.shape.fields)))),
  );
  const json = fc.dictionary(fc.oneof(known, fc.constant('__proto__'), fc.string()), fc.jsonValue());
  const body = fc.oneof(
    json.map((value) => Buffer.from(JSON.stringify(value))),
    fc.json().map((value) => Buffer.from(value)),
    fc.uint8Array().map((bytes) => Buffer.from(bytes)),
  );
  const message = fc.record({
    exchange: fc.oneof(fc.constantFrom(...families.map(({ name }) => name as string)), word),
    routingKey: fc.array(word, { maxLength: 6 }).map((words) => words.join('.')),
    body,
    messageId: fc.option(fc.string(), { nil: undefined }),
    timestampMs: fc.option(fc.double(), { nil: undefined }),
    type: fc.constant(undefined),
    appId: fc.constant(undefined),
    contentType: fc.constant(undefined),
    headers: fc.dictionary(fc.oneof(fc.constant('account_id'), fc.string()), fc.string()),
  });

  it('never throws, and what it accepts has an object for a body that serialises', () => {
    fc.assert(
      fc.property(message, (wire) => {
        const result = decodeEvent(wire);
        if (!result.ok) return expect(typeof result.detail).toBe('string');
        expect(JSON.stringify(result.event.body).startsWith('{')).toBe(true);
        expect(result.event.name).not.toBe('');
        expect(result.event.accountId).not.toBe('');
      }),
      { numRuns: 5000 },
    );
  });
});
