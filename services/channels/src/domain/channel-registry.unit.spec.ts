import { toGregorianSeconds } from '@ringdown/core';
import {
  ACCOUNT,
  BEGIN,
  OTHER_ACCOUNT,
  SWITCH,
  channelState,
  ofStranger,
  ofSwitch,
} from '../testing/entries';
import { snapshotOf } from '../testing/entries';
import { Folded } from '../testing/folded';
import { MAX_UNOWNED_PER_ACCOUNT } from './channel-registry';

const created = toGregorianSeconds(BEGIN);

describe('the life of a channel', () => {
  it('begins with CHANNEL_CREATE and tells what the event told', () => {
    const log = Folded.of(
      ofSwitch('CHANNEL_CREATE', {
        body: {
          call_direction: 'inbound',
          request: '1002@acme.example.org',
          from: '1001@acme.example.org',
          to: '1002@acme.example.org',
          from_tag: 'f1',
          caller_id_name: 'Ann',
          caller_id_number: '1001',
          presence_id: '1001@acme.example.org',
          interaction_id: 'i1',
          custom_application_vars: { queue: 'sales' },
        },
        vars: { authorizing_id: 'd1', authorizing_type: 'device', owner_id: 'u1', username: 'ann' },
      }),
    );

    expect(log.channel()).toEqual({
      call_id: 'c1',
      account_id: ACCOUNT,
      switch: SWITCH,
      direction: 'inbound',
      answered: false,
      on_hold: false,
      created,
      interaction_id: 'i1',
      destination: '1002',
      caller_id_name: 'Ann',
      caller_id_number: '1001',
      from: '1001@acme.example.org',
      to: '1002@acme.example.org',
      from_tag: 'f1',
      presence_id: '1001@acme.example.org',
      username: 'ann',
      authorizing_id: 'd1',
      authorizing_type: 'device',
      owner_id: 'u1',
      custom_channel_vars: {
        account_id: ACCOUNT,
        authorizing_id: 'd1',
        authorizing_type: 'device',
        owner_id: 'u1',
        username: 'ann',
      },
      custom_application_vars: { queue: 'sales' },
    });
  });

  it('is answered with CHANNEL_ANSWER', () => {
    const log = Folded.of(ofSwitch('CHANNEL_CREATE'), ofSwitch('CHANNEL_ANSWER', { at: 5_000 }));

    expect(log.channel()).toMatchObject({ answered: true, answered_at: created + 5, created });
  });

  it('is held and taken off hold', () => {
    const log = Folded.of(ofSwitch('CHANNEL_CREATE'), ofSwitch('CHANNEL_HOLD', { at: 1 }));
    expect(log.channel()).toMatchObject({ on_hold: true });

    log.read(ofSwitch('CHANNEL_UNHOLD', { at: 2 }));
    expect(log.channel()).toMatchObject({ on_hold: false });
  });

  it('is parked in a slot until it is fetched or given up', () => {
    const log = Folded.of(
      ofSwitch('CHANNEL_CREATE'),
      ofSwitch('PARK_PARKED', { at: 1, body: { parking_slot: '401' } }),
    );
    expect(log.channel()).toMatchObject({ parking_slot: '401' });

    log.read(ofSwitch('PARK_RETRIEVED', { at: 2, body: { parking_slot: '401' } }));
    expect(log.channel()).not.toHaveProperty('parking_slot');

    log.read(ofSwitch('PARK_PARKED', { at: 3, body: { parking_slot: '402' } }));
    expect(log.channel()).toMatchObject({ parking_slot: '402' });
    log.read(ofSwitch('PARK_ABANDONED', { at: 4 }));
    expect(log.channel()).not.toHaveProperty('parking_slot');
  });

  it('is no longer parked once it is bridged, also when nobody said it was fetched', () => {
    const log = Folded.of(
      ofSwitch('PARK_PARKED', { at: 1, body: { parking_slot: '401' } }),
      ofSwitch('CHANNEL_BRIDGE', { at: 2, body: { other_leg_call_id: 'c2' } }),
    );

    expect(log.channel()).not.toHaveProperty('parking_slot');
  });

  it('ends with CHANNEL_DESTROY', () => {
    const log = Folded.of(ofSwitch('CHANNEL_CREATE'), ofSwitch('CHANNEL_DESTROY', { at: 9 }));

    expect(log.states).toEqual([]);
    expect(log.registry.accountCount).toBe(0);
  });
});

describe('events that are missing, late or repeated', () => {
  it('any event but the end makes an unknown call known', () => {
    for (const name of ['CHANNEL_ANSWER', 'CHANNEL_BRIDGE', 'CHANNEL_HOLD', 'PARK_PARKED'] as const) {
      expect(Folded.of(ofSwitch(name)).ids).toEqual(['c1']);
    }
    expect(Folded.of(ofSwitch('CHANNEL_DESTROY')).ids).toEqual([]);
  });

  it('holding or parking proves the answer that was missed, but not its time', () => {
    expect(Folded.of(ofSwitch('CHANNEL_HOLD')).channel()).toMatchObject({ answered: true });
    expect(Folded.of(ofSwitch('PARK_PARKED')).channel()).not.toHaveProperty('answered_at');
    const early = ofSwitch('CHANNEL_BRIDGE', { body: { channel_answer_state: 'early' } });
    expect(Folded.of(early).channel()).toMatchObject({ answered: false });
  });

  it('a late event of an ended call does not bring it back', () => {
    const log = Folded.of(ofSwitch('CHANNEL_CREATE'), ofSwitch('CHANNEL_DESTROY', { at: 9 }));

    expect(log.read(ofSwitch('CHANNEL_ANSWER', { at: 5 }))).toBe('ended');
    expect(log.ids).toEqual([]);
  });

  it('an end that comes before the beginning is an end', () => {
    const log = Folded.of(ofSwitch('CHANNEL_DESTROY', { at: 9 }), ofSwitch('CHANNEL_CREATE'));

    expect(log.ids).toEqual([]);
  });

  it('an ended call is forgotten ten minutes later, by the time in the log', () => {
    const log = Folded.of(ofSwitch('CHANNEL_DESTROY', { at: 0 }));
    for (let minute = 0; minute <= 601; minute += 1) {
      log.read(ofSwitch('CHANNEL_CREATE', { callId: 'other', at: minute * 1_000 }));
    }

    expect(log.read(ofSwitch('CHANNEL_ANSWER', { at: 5 }))).toBe('event');
  });

  it('one wild clock does not make the registry forget ended calls', () => {
    const log = Folded.of(
      ofSwitch('CHANNEL_DESTROY'),
      ofStranger('CHANNEL_CREATE', { callId: 'wild', at: 1e12 }),
    );

    expect(log.read(ofSwitch('CHANNEL_CREATE', { at: 5 }))).toBe('ended');
  });

  it('the later of two events counts, whichever is read first', () => {
    const hold = ofSwitch('CHANNEL_HOLD', { at: 1, body: { caller_id_name: 'Ann' } });
    const unhold = ofSwitch('CHANNEL_UNHOLD', { at: 2, body: { caller_id_name: 'Ann B.' } });

    for (const log of [Folded.of(hold, unhold), Folded.of(unhold, hold)]) {
      expect(log.channel()).toMatchObject({ on_hold: false, caller_id_name: 'Ann B.' });
    }
  });

  it('at the same instant the message id decides', () => {
    const hold = ofSwitch('CHANNEL_HOLD', { messageId: '1' });
    const unhold = ofSwitch('CHANNEL_UNHOLD', { messageId: '2' });

    for (const log of [Folded.of(hold, unhold), Folded.of(unhold, hold)]) {
      expect(log.channel()).toMatchObject({ on_hold: false });
    }
  });

  it('what a later event does not mention stays', () => {
    const log = Folded.of(
      ofSwitch('CHANNEL_CREATE', { body: { caller_id_name: 'Ann', callee_id_name: null } }),
      ofSwitch('CHANNEL_ANSWER', { at: 1, body: { caller_id_name: '', callee_id_name: 'Bob' } }),
    );

    expect(log.channel()).toMatchObject({ caller_id_name: 'Ann', callee_id_name: 'Bob' });
  });

  it('the creation is that of CHANNEL_CREATE, else the earliest thing seen, unless the switch tells it', () => {
    const log = Folded.of(ofSwitch('CHANNEL_ANSWER', { at: 9_000 }), ofSwitch('CHANNEL_HOLD', { at: 8_000 }));
    expect(log.channel()).toMatchObject({ created: created + 8 });

    log.read(ofSwitch('CHANNEL_CREATE', { at: 10_000 }));
    expect(log.channel()).toMatchObject({ created: created + 10 });

    const microseconds = String((BEGIN - 60_000) * 1_000);
    log.read(ofSwitch('CHANNEL_UNHOLD', { at: 11_000, body: { channel_created_time: microseconds } }));
    expect(log.channel()).toMatchObject({ created: created - 60 });
  });

  it('channels are listed oldest first, equal ages by call id, also after a late event', () => {
    const log = Folded.of(
      ofSwitch('CHANNEL_CREATE', { callId: 'b' }),
      ofSwitch('CHANNEL_CREATE', { callId: 'a' }),
      ofSwitch('CHANNEL_ANSWER', { callId: 'c', at: 50_000 }),
    );
    expect(log.ids).toEqual(['a', 'b', 'c']);

    log.read(ofSwitch('CHANNEL_CREATE', { callId: 'c', at: -50_000 }));
    expect(log.ids).toEqual(['c', 'a', 'b']);
  });
});

describe('legs', () => {
  const bridge = (a: string, b: string, at: number) =>
    ofSwitch('CHANNEL_BRIDGE', { callId: a, at, body: { other_leg_call_id: b } });
  const two = [ofSwitch('CHANNEL_CREATE', { callId: 'x' }), ofSwitch('CHANNEL_CREATE', { callId: 'y' })];

  it('a bridge names each of the two to the other', () => {
    const log = Folded.of(...two, bridge('x', 'y', 1));

    expect([log.peerOf('x'), log.peerOf('y')]).toEqual(['y', 'x']);
  });

  it('also when the other leg becomes known only later', () => {
    const log = Folded.of(two[0]!, bridge('x', 'y', 1), two[1]!);

    expect([log.peerOf('x'), log.peerOf('y')]).toEqual(['y', 'x']);
  });

  it("understands Kazoo's names of the two legs", () => {
    const body = { bridge_a_unique_id: 'x', bridge_b_unique_id: 'y' };
    const log = Folded.of(...two, ofSwitch('CHANNEL_BRIDGE', { callId: 'y', at: 1, body }));

    expect([log.peerOf('x'), log.peerOf('y')]).toEqual(['y', 'x']);
  });

  it('the end of a leg frees the other', () => {
    const log = Folded.of(...two, bridge('x', 'y', 1), ofSwitch('CHANNEL_DESTROY', { callId: 'y', at: 2 }));

    expect(log.channel('x')).toBeDefined();
    expect(log.peerOf('x')).toBeUndefined();
  });

  it('also the end of a leg nothing else was heard of', () => {
    const log = Folded.of(
      two[0]!,
      bridge('x', 'y', 1),
      ofSwitch('CHANNEL_DESTROY', { callId: 'y', at: 2 }),
      bridge('x', 'y', 1),
    );

    expect(log.peerOf('x')).toBeUndefined();
  });

  it('parking a leg frees the other', () => {
    const log = Folded.of(...two, bridge('x', 'y', 1), ofSwitch('PARK_PARKED', { callId: 'y', at: 2 }));

    expect([log.peerOf('x'), log.peerOf('y')]).toEqual([undefined, undefined]);
  });

  it('a transfer leaves the third party alone', () => {
    const log = Folded.of(...two, bridge('x', 'y', 1), bridge('y', 'z', 2));

    expect([log.peerOf('x'), log.peerOf('y')]).toEqual([undefined, 'z']);
  });

  it('two accounts on one switch can talk to each other', () => {
    const log = Folded.of(
      two[0]!,
      ofSwitch('CHANNEL_CREATE', { callId: 'y', accountId: OTHER_ACCOUNT }),
      bridge('x', 'y', 1),
    );

    expect(log.channel('y', OTHER_ACCOUNT)).toMatchObject({ other_leg_call_id: 'x' });
  });
});

describe('who may tell of a channel', () => {
  it('a call of a switch belongs to it, any other to nobody', () => {
    const log = Folded.of(ofSwitch('CHANNEL_CREATE'), ofStranger('CHANNEL_CREATE', { callId: 'c2' }));

    expect(log.channel('c1')).toMatchObject({ switch: SWITCH });
    expect(log.channel('c2')).not.toHaveProperty('switch');
    expect(log.registry.unowned).toBe(1);
  });

  it('the body alone does not make an event one of a switch', () => {
    const log = Folded.of(ofStranger('CHANNEL_CREATE', { body: { switch_nodename: SWITCH } }));

    expect(log.channel()).not.toHaveProperty('switch');
  });

  it("a stranger's event about an owned call changes nothing", () => {
    const log = Folded.of(ofSwitch('CHANNEL_CREATE'));
    const before = log.channel();

    for (const name of ['CHANNEL_ANSWER', 'CHANNEL_BRIDGE', 'PARK_PARKED', 'CHANNEL_DESTROY'] as const) {
      expect(log.read(ofStranger(name, { at: 9, body: { other_leg_call_id: 'z' } }))).toBe('not_its_owner');
    }
    expect(log.channel()).toEqual(before);
  });

  it("a stranger's bridge with an owned call leaves that one as it is", () => {
    const log = Folded.of(
      ofSwitch('CHANNEL_CREATE'),
      ofStranger('CHANNEL_BRIDGE', { callId: 'x', at: 1, body: { other_leg_call_id: 'c1' } }),
    );

    expect([log.peerOf('x'), log.peerOf('c1')]).toEqual(['c1', undefined]);
  });

  it('once the owner speaks, what strangers said is forgotten', () => {
    const log = Folded.of(
      ofStranger('CHANNEL_ANSWER', { at: 99, body: { caller_id_name: 'Mallory' } }),
      ofSwitch('CHANNEL_CREATE'),
    );

    expect(log.channel()).toMatchObject({ switch: SWITCH, answered: false, created });
    expect(log.channel()).not.toHaveProperty('caller_id_name');
    expect([log.registry.size, log.registry.unowned]).toEqual([1, 0]);
  });

  it('an end told by a stranger does not end what the owner still speaks of', () => {
    const log = Folded.of(ofStranger('CHANNEL_DESTROY'), ofSwitch('CHANNEL_CREATE'));

    expect(log.ids).toEqual(['c1']);
  });

  it("an end told by the owner ends what strangers say, too, and they don't bring it back", () => {
    const log = Folded.of(
      ofSwitch('CHANNEL_CREATE'),
      ofSwitch('CHANNEL_DESTROY', { at: 1 }),
      ofStranger('CHANNEL_ANSWER', { at: 2 }),
    );

    expect(log.ids).toEqual([]);
  });

  it("an event of another account never touches a channel, whatever id it's about", () => {
    const log = Folded.of(ofSwitch('CHANNEL_CREATE'), ofStranger('CHANNEL_CREATE', { callId: 'c2' }));
    const before = [log.channel('c1'), log.channel('c2')];

    for (const callId of ['c1', 'c2']) {
      for (const name of ['CHANNEL_ANSWER', 'CHANNEL_BRIDGE', 'CHANNEL_DESTROY'] as const) {
        const other = callId === 'c1' ? 'c2' : 'c1';
        log.read(
          ofStranger(name, { callId, at: 9, accountId: OTHER_ACCOUNT, body: { other_leg_call_id: other } }),
        );
      }
    }
    expect([log.channel('c1'), log.channel('c2')]).toEqual(before);
  });

  it('the owner may learn the account after it saw the call', () => {
    const log = Folded.of(
      ofSwitch('CHANNEL_CREATE', { accountId: undefined, vars: { account_id: undefined } }),
    );
    expect(log.registry.get('', 'c1')?.toState()).not.toHaveProperty('account_id');

    log.read(ofSwitch('CHANNEL_ANSWER', { at: 1 }));
    expect(log.states).toMatchObject([{ account_id: ACCOUNT, answered: true, created }]);
    expect(log.registry.get('', 'c1')).toBeUndefined();
  });
});

describe('a snapshot of a switch', () => {
  it('replaces everything believed of it', () => {
    const log = Folded.of(
      ofSwitch('CHANNEL_CREATE', { callId: 'gone' }),
      ofSwitch('CHANNEL_HOLD', { callId: 'kept', body: { caller_id_name: 'Ann', from: 'ann@example.org' } }),
      ...snapshotOf(
        [
          channelState('kept', { answered: true, caller_id_name: 'Anna', other_leg_call_id: 'new' }),
          channelState('new', { other_leg_call_id: 'kept', parking_slot: '401' }),
        ],
        10,
      ),
    );

    expect(log.states).toEqual([
      channelState('kept', { answered: true, caller_id_name: 'Anna', other_leg_call_id: 'new' }),
      channelState('new', { other_leg_call_id: 'kept', parking_slot: '401' }),
    ]);
    expect(log.registry.holderOf(SWITCH)).toBe('producer-1');
  });

  it('leaves other switches and what nobody owns alone', () => {
    const log = Folded.of(
      ofSwitch('CHANNEL_CREATE', { callId: 'theirs' }, 'sw2'),
      ofStranger('CHANNEL_CREATE', { callId: 'nobodys' }),
      ...snapshotOf([], 10),
    );

    expect(log.ids).toEqual(['nobodys', 'theirs']);
  });

  it('takes over a call of which only strangers spoke', () => {
    const log = Folded.of(ofStranger('CHANNEL_ANSWER'), ...snapshotOf([channelState('c1')], 10));

    expect(log.states).toEqual([channelState('c1')]);
  });

  it('frees the leg that talked to a call it no longer has', () => {
    const log = Folded.of(
      ofStranger('CHANNEL_BRIDGE', { callId: 'x', at: 1, body: { other_leg_call_id: 'c1' } }),
      ofSwitch('CHANNEL_CREATE'),
      ...snapshotOf([], 10),
    );

    expect(log.peerOf('x')).toBeUndefined();
  });

  it('counts only when all its parts came, in turn', () => {
    const many = Array.from({ length: 1_100 }, (_, n) => channelState(`n${n}`));
    const [first, second, third] = snapshotOf(many, 10);
    const log = Folded.of(ofSwitch('CHANNEL_CREATE'));

    expect(log.read(second!, third!)).toBe('snapshot_part');
    expect(log.read(first!, third!)).toBe('snapshot_part');
    expect(log.read(first!, third!, second!)).toBe('snapshot_part');
    expect(log.ids).toEqual(['c1']);
    expect(log.read(first!, ofStranger('CHANNEL_CREATE', { callId: 'between' }), second!, third!)).toBe(
      'snapshot',
    );
    expect(log.registry.size).toBe(1_101);
  });

  it('contains what is older, and not what is newer', () => {
    const late = ofSwitch('CHANNEL_HOLD', { at: 9 });
    const alsoLate = ofSwitch('CHANNEL_ANSWER', { callId: 'c2', at: 9 });
    const log = Folded.of(...snapshotOf([channelState('c1')], 10));

    expect([log.read(late), log.read(alsoLate)]).toEqual(['contained', 'contained']);
    expect(log.states).toEqual([channelState('c1')]);

    log.read(ofSwitch('CHANNEL_HOLD', { at: 11 }), ofSwitch('CHANNEL_CREATE', { callId: 'c2', at: 11 }));
    expect(log.ids).toEqual(['c1', 'c2']);
    expect(log.channel()).toMatchObject({ on_hold: true });
  });

  it('does not contain what its producer published later with a clock set back', () => {
    const log = Folded.of(...snapshotOf([channelState('c1', { on_hold: true })], 10_000));

    log.read(ofSwitch('CHANNEL_UNHOLD', { at: 5_000 }));
    expect(log.channel()).toMatchObject({ on_hold: false });
  });

  it('is followed by the end of a call, whatever time that says', () => {
    const end = ofSwitch('CHANNEL_DESTROY', { at: 1 });
    const log = Folded.of(...snapshotOf([channelState('c1')], 10));

    log.read(end);
    expect(log.ids).toEqual([]);
  });

  it('is believed of its own producer only', () => {
    const [part] = snapshotOf([channelState('c1')], 10);

    expect(Folded.of().read({ ...part!, appId: 'somebody' })).toBe('rejected');
    expect(Folded.of().read({ ...part!, body: Buffer.from('{}') })).toBe('rejected');
  });
});

describe('the beginning of the log', () => {
  it('takes along the channels that were last told of before it', () => {
    const log = Folded.of(
      ofSwitch('CHANNEL_CREATE', { callId: 'old' }),
      ofSwitch('CHANNEL_BRIDGE', { callId: 'new', at: 1, body: { other_leg_call_id: 'old' } }),
    );

    expect(log.registry.expireBefore(1)).toBe(1);
    expect(log.ids).toEqual(['new']);
    // As for whoever reads the log only from there on.
    expect(log.peerOf('new')).toBe('old');
  });

  it('counts a snapshot from its first part, without which it cannot be read', () => {
    const many = Array.from({ length: 501 }, (_, n) => channelState(`n${n}`));
    const log = Folded.of(...snapshotOf(many, 10));

    expect(log.registry.expireBefore(0)).toBe(0);
    expect(log.registry.expireBefore(1)).toBe(501);
    expect(log.registry.accountCount).toBe(0);
  });
});

describe('what strangers publish', () => {
  it('is understood when numbers are texts and texts are numbers', () => {
    const body = {
      timestamp: String(created - 7),
      caller_destination_number: '2600',
      callflow_id: 12,
      parking_slot: '7',
    };
    const log = Folded.of(
      ofStranger('PARK_PARKED', { body, vars: { queue_position: 3, vip: true, list: [] } }),
    );

    expect(log.channel()).toMatchObject({
      created: created - 7,
      destination: '2600',
      parking_slot: '7',
      custom_channel_vars: { account_id: ACCOUNT, queue_position: 3, vip: true },
    });
  });

  it.each([
    ['no JSON', { body: Buffer.from('{') }],
    ['a wrong type', { body: Buffer.from('{"caller_id_name":7}') }],
    ['an unknown event', { routingKey: 'call.CHANNEL_WHAT.c1' }],
    ['an endless call id', { body: Buffer.from(JSON.stringify({ call_id: 'c'.repeat(513) })) }],
    ['an endless account id', { headers: { account_id: 'a'.repeat(129) } }],
  ])('is refused with %s', (_, change) => {
    expect(Folded.of().read({ ...ofStranger('CHANNEL_CREATE'), ...change })).toBe('rejected');
  });

  it('is cut where it is too long', () => {
    const log = Folded.of(
      ofStranger('CHANNEL_CREATE', {
        body: {
          caller_id_name: 'n'.repeat(1_000),
          custom_application_vars: Object.fromEntries(
            Array.from({ length: 500 }, (_, n) => [`v${n}`, 'x'.repeat(100)]),
          ),
        },
        vars: { owner_id: 'o'.repeat(129), deep: { a: 1 } },
      }),
    );

    const state = log.channel()!;
    expect(state.caller_id_name).toHaveLength(256);
    expect(state).not.toHaveProperty('owner_id');
    expect(state.custom_channel_vars).not.toHaveProperty('deep');
    expect(JSON.stringify(state.custom_application_vars).length).toBeLessThan(5_000);
  });

  it('has a place in the order without any time of its own', () => {
    const { timestampMs: _, ...timeless } = ofStranger('CHANNEL_CREATE', { callId: 'timeless' });
    const log = Folded.of(ofSwitch('CHANNEL_CREATE', { at: 3_000 }), { ...timeless, timestampMs: undefined });

    expect(log.channel('timeless')).toMatchObject({ created: created + 3 });
  });

  it('fills the account up to a limit, then the least recently told go', () => {
    const log = new Folded();
    for (let n = 0; n < MAX_UNOWNED_PER_ACCOUNT; n += 1) {
      log.read(ofStranger('CHANNEL_CREATE', { callId: `n${n}` }));
    }
    log.read(ofStranger('CHANNEL_ANSWER', { callId: 'n0', at: 1 }), ofSwitch('CHANNEL_CREATE'));
    log.read(ofStranger('CHANNEL_CREATE', { callId: 'one-more' }));

    expect(log.registry.unowned).toBe(MAX_UNOWNED_PER_ACCOUNT);
    expect(log.channel('n0')).toBeDefined();
    expect(log.channel('n1')).toBeUndefined();
    expect(log.channel('one-more')).toBeDefined();
    expect(log.channel('c1')).toBeDefined();
  });
});
