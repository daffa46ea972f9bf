import { SWITCH, channelState, ofStranger, ofSwitch, snapshotOf } from '../testing/entries';
import { Folded } from '../testing/folded';

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
