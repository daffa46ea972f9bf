import { toGregorianSeconds } from '@ringdown/core';
import { ACCOUNT, BEGIN, OTHER_ACCOUNT, SWITCH, ofStranger, ofSwitch } from '../testing/entries';
import { Folded } from '../testing/folded';

const created = toGregorianSeconds(BEGIN);

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
