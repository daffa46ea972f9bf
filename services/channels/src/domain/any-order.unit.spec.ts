import { callEventNames, type CallEventName, type WireMessage } from '@ringdown/contracts';
import fc from 'fast-check';
import { ACCOUNT, OTHER_ACCOUNT, ofStranger, ofSwitch, snapshotOf, type Told } from '../testing/entries';
import { Folded } from '../testing/folded';

const callIds = ['u', 'v', 'w', 'x', 'y', 'z'] as const;
const text = fc.constantFrom('ann', 'bob', 'carl', '');

interface Happening {
  readonly name: CallEventName;
  readonly callId: string;
  readonly other: string;
  /** Few, so that instants collide. */
  readonly at: number;
  readonly stranger: boolean;
  readonly body: Readonly<Record<string, unknown>>;
}

const happening: fc.Arbitrary<Happening> = fc.record({
  // Ends are rarer, or hardly anything else would show.
  name: fc.oneof(
    {
      weight: 12,
      arbitrary: fc.constantFrom(...callEventNames.filter((name) => name !== 'CHANNEL_DESTROY')),
    },
    { weight: 6, arbitrary: fc.constant<CallEventName>('CHANNEL_BRIDGE') },
    { weight: 1, arbitrary: fc.constant<CallEventName>('CHANNEL_DESTROY') },
  ),
  callId: fc.constantFrom(...callIds),
  other: fc.constantFrom(...callIds, 'unknown'),
  at: fc.integer({ min: 0, max: 12 }).map((n) => n * 500),
  stranger: fc.boolean(),
  body: fc.record(
    {
      caller_id_name: text,
      callee_id_name: text,
      from: text,
      call_direction: text,
      custom_application_vars: fc.record({ k: text }),
    },
    { requiredKeys: [] },
  ),
});

type Publish = (name: CallEventName, told: Told) => WireMessage;

function published(happening: Happening, n: number, publish: Publish, accountId = ACCOUNT): WireMessage {
  const { name, callId, other, at, body } = happening;
  const extra =
    name === 'CHANNEL_BRIDGE'
      ? { other_leg_call_id: other }
      : name === 'PARK_PARKED'
        ? { parking_slot: `40${n % 9}` }
        : {};
  return publish(name, {
    callId,
    at,
    accountId,
    messageId: n.toString().padStart(4, '0'),
    body: { ...body, ...extra },
    vars: { owner_id: `user-${n}` },
  });
}

/** A history, and the same with repeats and in another order. */
const histories = (publisherOf: (it: Happening) => Publish) =>
  fc
    .array(happening, { minLength: 1, maxLength: 40 })
    .map((all) => all.map((it, n) => published(it, n, publisherOf(it))))
    .chain((messages) =>
      fc.tuple(
        fc.constant(messages),
        fc
          .array(fc.nat({ max: messages.length - 1 }), { maxLength: 10 })
          .chain((repeats) => shuffled([...messages, ...repeats.map((n) => messages[n]!)])),
      ),
    );

function shuffled(messages: readonly WireMessage[]): fc.Arbitrary<WireMessage[]> {
  return fc.shuffledSubarray([...messages], { minLength: messages.length });
}

describe('the state of the registry', () => {
  it.each([
    ['of a switch', () => ofSwitch],
    ['nobody owns', () => ofStranger],
    [
      'some of which a switch owns and all of which strangers speak of',
      (it: Happening) => (it.stranger || it.callId > 'x' ? ofStranger : ofSwitch),
    ],
  ])('does not depend on the order or repetition of events of calls %s', (_, publisherOf) => {
    fc.assert(
      fc.property(histories(publisherOf), ([inOrder, anyhow]) => {
        expect(Folded.of(...anyhow).states).toEqual(Folded.of(...inOrder).states);
      }),
      { numRuns: 300 },
    );
  });

  it('is not touched by events of other accounts', () => {
    fc.assert(
      fc.property(
        fc.array(happening, { maxLength: 20 }),
        fc.array(happening, { maxLength: 20 }),
        (ours, theirs) => {
          const own = ours.map((it, n) => published(it, n, it.stranger ? ofStranger : ofSwitch));
          const foreign = theirs.map((it, n) => published(it, n + 100, ofStranger, OTHER_ACCOUNT));
          const mixed = own.flatMap((message, n) => [message, ...foreign.slice(n, n + 1)]);

          const of = (log: Folded) => log.states.filter((state) => state.account_id === ACCOUNT);
          expect(of(Folded.of(...mixed, ...foreign.slice(own.length)))).toEqual(Folded.of(...own).states);
        },
      ),
      { numRuns: 100 },
    );
  });

  it('is the same from wherever the log is read, once its switch was listed', () => {
    fc.assert(
      fc.property(
        fc.array(happening, { minLength: 1, maxLength: 30 }),
        fc.array(happening, { maxLength: 15 }),
        fc.nat(),
        (before, after, start) => {
          const earlier = before.map((it, n) => published(it, n, ofSwitch));
          const later = after.map((it, n) =>
            published({ ...it, at: it.at + 10_000 }, n, (name, { messageId: _, ...told }) =>
              ofSwitch(name, told),
            ),
          );
          const live = Folded.of(...earlier).states;
          const log = [...earlier, ...snapshotOf(live, 10_000), ...later];

          const whole = Folded.of(...log);
          const part = Folded.of(...log.slice(start % (earlier.length + 1)));
          expect(part.states).toEqual(whole.states);
        },
      ),
      { numRuns: 200 },
    );
  });
});
