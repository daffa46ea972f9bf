import { toGregorianSeconds } from '@ringdown/core';
import { ACCOUNT, BEGIN, SWITCH, ofStranger, ofSwitch } from '../testing/entries';
import { Folded } from '../testing/folded';

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
