import { OTHER_ACCOUNT, ofSwitch } from '../testing/entries';
import { Folded } from '../testing/folded';

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
