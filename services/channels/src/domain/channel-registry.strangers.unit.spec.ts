import { toGregorianSeconds } from '@ringdown/core';
import { ACCOUNT, BEGIN, ofStranger, ofSwitch } from '../testing/entries';
import { Folded } from '../testing/folded';
import { MAX_UNOWNED_PER_ACCOUNT } from './channel-registry';

const created = toGregorianSeconds(BEGIN);

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
