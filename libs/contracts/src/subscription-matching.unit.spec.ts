import fc from 'fast-check';
import { TopicTrie } from '@ringdown/core';
import { decodeEvent } from './decode-event';
import { encodeEvent } from './encode-event';
import { encodeId } from './encoded-id';
import type { IncomingEvent } from './event';
import { eventSamples } from './event-samples';
import { callRoutingKey } from './families/call';
import { conferenceEventRoutingKey } from './families/conference';
import { faxStatusRoutingKey } from './families/fax';
import { parseBinding } from './parse-binding';
import type { WireMessage } from './wire-message';

/** What a gateway does: patterns in a trie, then the filter. The answer: how often each binding gets the event. */
function deliveries(event: IncomingEvent, bindings: readonly string[]): readonly number[] {
  const trie = new TopicTrie<number>();
  const parsed = bindings.map((text) => parseBinding(text));
  parsed.forEach(({ patterns }, index) => patterns.forEach((pattern) => trie.add(pattern, index)));
  const counts = bindings.map(() => 0);
  for (const index of trie.match(event.routingKey)) {
    const { exchange, filter } = parsed[index]!;
    if (exchange === event.family && (filter === undefined || filter(event))) counts[index]! += 1;
  }
  return counts;
}

const gets = (event: IncomingEvent, binding: string): boolean => deliveries(event, [binding])[0] === 1;

function received(message: WireMessage): IncomingEvent {
  const result = decodeEvent(message);
  if (!result.ok) throw new Error(`refused: ${result.reason} ${result.detail}`);
  return result.event;
}

/** The event of a publisher who writes routing keys by hand. */
function foreign(routingKey: string, body: Record<string, unknown> = {}): IncomingEvent {
  return received({
    exchange: routingKey.split('.')[0]!,
    routingKey,
    body: Buffer.from(JSON.stringify(body)),
    messageId: undefined,
    timestampMs: undefined,
    type: undefined,
    appId: undefined,
    contentType: undefined,
    headers: {},
  });
}

function ours(callId: string): IncomingEvent {
  return received(
    encodeEvent({
      family: 'call',
      routingKey: callRoutingKey('CHANNEL_CREATE', callId),
      name: 'CHANNEL_CREATE',
      accountId: 'A',
      body: { call_id: callId },
    }),
  );
}

const bothPublishers = (callId: string): readonly IncomingEvent[] => [
  ours(callId),
  foreign(`call.CHANNEL_CREATE.${callId}`, { call_id: callId }),
];

describe('every sample event of the catalogue', () => {
  const wildcardOf = (binding: string): string => binding.replace(/\{\w+\}/g, '*');
  /** One wildcard binding per entry; the catalogue's conference form needs a conference. */
  const bindings = eventSamples.map(({ binding, draft }) =>
    binding.startsWith('conference.event')
      ? `conference.event.${draft.body.conference_id as string}.*`
      : wildcardOf(binding),
  );

  it.each(eventSamples.map((sample, index) => [sample.binding, sample, index] as const))(
    'of %s survives the wire, reaches its binding and no other, and its invalid twin is refused',
    (_, { draft, invalidBody }, index) => {
      const wire = encodeEvent(draft);
      const event = received(wire);

      expect(event).toMatchObject({
        family: draft.family,
        name: draft.name,
        accountId: draft.accountId,
        routingKey: draft.routingKey,
        body: draft.body,
      });
      expect(deliveries(event, bindings)).toEqual(bindings.map((_binding, at) => (at === index ? 1 : 0)));
      expect(gets(event, `${draft.routingKey}`)).toBe(true);
      const invalid = { ...wire, body: Buffer.from(JSON.stringify(invalidBody)) };
      expect(decodeEvent(invalid)).toMatchObject({ ok: false, reason: 'invalid_field' });
      expect(() => encodeEvent({ ...draft, body: invalidBody })).toThrow(
        expect.objectContaining({ code: 'validation_failed' }),
      );
    },
  );

  it.each(eventSamples.map((sample) => [sample.binding, sample] as const))(
    'of %s is complete again when a publisher left out all that the key says',
    (_, { draft }) => {
      const { event_category, event_name, call_id, conference_id, job_id, conversation_id, ...rest } =
        draft.body;
      const left = { event_category, event_name, call_id, conference_id, job_id, conversation_id };
      const known = Object.entries(left).filter(([, value]) => value !== undefined);

      expect(foreign(draft.routingKey, rest).body).toMatchObject(Object.fromEntries(known));
    },
  );
});

describe('bindings of calls', () => {
  const sipId = 'a84b4c76e66710@10.1.2.3';
  const encodedSipId = 'a84b4c76e66710@10%2E1%2E2%2E3';

  it.each([sipId, encodedSipId])(
    'hear the id %s from a publisher who encodes and from one who does not',
    (id) => {
      for (const event of bothPublishers(sipId)) {
        const hearing = [`call.CHANNEL_CREATE.${id}`, `call.*.${id}`, 'call.CHANNEL_CREATE.*', 'call.*.*'];
        expect(deliveries(event, hearing)).toEqual([1, 1, 1, 1]);
        expect(deliveries(event, [`call.CHANNEL_DESTROY.${id}`, 'call.CHANNEL_DESTROY.*'])).toEqual([0, 0]);
      }
    },
  );

  it('hear the id of a key whose body has none', () => {
    for (const key of [sipId, encodedSipId]) {
      expect(gets(foreign(`call.CHANNEL_CREATE.${key}`), `call.*.${sipId}`)).toBe(true);
    }
  });

  it('hear a telephone number with its plus, raw and encoded', () => {
    for (const event of bothPublishers('+15550100')) {
      expect(gets(event, 'call.*.+15550100')).toBe(true);
      expect(gets(event, 'call.*.%2B15550100')).toBe(true);
    }
  });

  it('do not take a key that means another id for theirs', () => {
    expect(gets(ours('a b'), 'call.*.a%2Bb')).toBe(false);
    expect(gets(ours('a%2Eb'), 'call.*.a.b')).toBe(false);
    expect(gets(foreign('call.CHANNEL_CREATE.a%2Eb', { call_id: 'a%2Eb' }), 'call.*.a.b')).toBe(false);
  });

  it('do not hear a key without an id', () => {
    const trie = new TopicTrie<string>();
    for (const pattern of parseBinding('call.CHANNEL_CREATE.*').patterns) trie.add(pattern, 'x');

    expect(trie.match('call.CHANNEL_CREATE')).toEqual([]);
    expect(trie.match('call.CHANNEL_CREATE.a')).toEqual(['x']);
  });

  it('hear any id, raw or encoded, from any publisher, and no other id', () => {
    const plain = fc.string({ unit: fc.constantFrom(...'ab.@-+ %2E'), minLength: 1, maxLength: 6 });
    const wild = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 6 });
    const id = fc.oneof(plain, wild).filter((text) => !text.split('.').some((w) => w === '*' || w === '#'));
    fc.assert(
      fc.property(id, id, (wanted, other) => {
        const encoded = `call.*.${encodeId(wanted)}`;
        for (const event of bothPublishers(wanted)) {
          expect(deliveries(event, [encoded, 'call.CHANNEL_CREATE.*', 'call.*.*'])).toEqual([1, 1, 1]);
        }
        // Raw text that looks encoded means what it decodes to; any other means itself.
        if (!/%[0-9A-Fa-f]{2}/.test(wanted)) {
          for (const event of bothPublishers(wanted)) expect(gets(event, `call.*.${wanted}`)).toBe(true);
        }
        // The encoded space is also a raw plus, which is the only id that two texts share.
        const shared = encodeId(wanted).includes('%') ? wanted : encodeId(wanted);
        if (other === wanted || other === shared) return;
        for (const event of bothPublishers(other)) expect(gets(event, encoded)).toBe(false);
      }),
      { numRuns: 3000 },
    );
  });
});

describe('bindings of conferences', () => {
  const happening = (conferenceId: string, callId: string | undefined, kind: string): IncomingEvent =>
    received(
      encodeEvent({
        family: 'conference',
        routingKey: conferenceEventRoutingKey(conferenceId, callId),
        name: 'event',
        accountId: 'A',
        body: { conference_id: conferenceId, event: kind, ...(callId ? { call_id: callId } : {}) },
      }),
    );

  it('hear all or one kind, in both orders', () => {
    const event = happening('c1', 'a@1.2', 'lock');

    const hearing = [
      'conference.event.*.c1.*',
      'conference.event.lock.c1.*',
      'conference.event.lock.c1.a@1.2',
      'conference.event.*.*.*',
      'conference.event.c1.*',
      'conference.event.c1.*.*',
      'conference.event.c1.a@1%2E2',
      'conference.event.c1.*.lock',
    ];
    const deaf = [
      'conference.event.unlock.c1.*',
      'conference.event.*.c2.*',
      'conference.event.*.c1.a2',
      'conference.event.c1.*.unlock',
      'conference.event.c2.*',
      'conference.command.c1',
    ];
    expect(deliveries(event, hearing)).toEqual(hearing.map(() => 1));
    expect(deliveries(event, deaf)).toEqual(deaf.map(() => 0));
  });

  it('hear events that concern no call', () => {
    expect(gets(happening('c1', undefined, 'conference-create'), 'conference.event.*.c1.*')).toBe(true);
  });

  it('tell a conference with a raw dot from its neighbour, with the help of the body', () => {
    const dotted = foreign('conference.event.c.1.a1', { conference_id: 'c.1' });
    const plain = foreign('conference.event.c.1.a1', { conference_id: 'c' });

    expect(deliveries(dotted, ['conference.event.*.c%2E1.*', 'conference.event.*.c.*'])).toEqual([1, 0]);
    expect(deliveries(plain, ['conference.event.*.c%2E1.*', 'conference.event.*.c.*'])).toEqual([0, 1]);
  });

  it('do not take a key that means another call for theirs', () => {
    expect(gets(happening('c1', 'a b', 'lock'), 'conference.event.*.c1.a%2Bb')).toBe(false);
    expect(gets(happening('c1', 'a+b', 'lock'), 'conference.event.*.c1.a%2Bb')).toBe(true);
  });

  it('hear exactly their conference and call, from publishers who encode', () => {
    const id = fc.string({ unit: fc.constantFrom(...'ab.@+ %'), minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(id, id, id, id, (conference, call, otherConference, otherCall) => {
        const event = happening(conference, call, 'lock');
        const binding = (c: string, a: string): string => `conference.event.lock.${encodeId(c)}.${a}`;
        expect(gets(event, binding(conference, '*'))).toBe(true);
        expect(gets(event, binding(conference, encodeId(call)))).toBe(true);
        if (otherConference !== conference && encodeId(otherConference) !== conference) {
          expect(gets(event, binding(otherConference, '*'))).toBe(false);
        }
        if (otherCall !== call && encodeId(otherCall) !== call) {
          expect(gets(event, binding(conference, encodeId(otherCall)))).toBe(false);
        }
      }),
      { numRuns: 2000 },
    );
  });
});

describe('bindings of faxes', () => {
  it('hear a fax by the id of its key, whichever member holds it', () => {
    for (const body of [{ fax_id: 'f.1' }, { job_id: 'f.1' }, {}]) {
      for (const key of [faxStatusRoutingKey('f.1'), 'fax.status.f.1']) {
        expect(deliveries(foreign(key, body), ['fax.status.f.1', 'fax.status.*', 'fax.status.f'])).toEqual([
          1, 1, 0,
        ]);
      }
    }
  });
});

describe('the collapsed pattern of a binding', () => {
  it('covers every pattern of the binding it stands for', () => {
    const texts = eventSamples.map(({ draft }) => draft.routingKey).concat('conference.event.*.c%2E1.*');
    for (const text of texts) {
      const { patterns, collapsedPattern } = parseBinding(text);
      const trie = new TopicTrie<string>();
      trie.add(collapsedPattern, 'x');
      for (const pattern of patterns) {
        expect(trie.match(pattern.replace('*.#', 'one'))).toEqual(['x']);
        expect(trie.match(pattern.replace('*.#', 'one.two'))).toEqual(['x']);
      }
    }
  });
});
