import { loadSettings } from '@ringdown/config';
import { silentLogger } from '@ringdown/core';
import { buildCallProducer } from './call-producer';
import { switchIdOf } from './config';

describe('what a call-producer serves', () => {
  it.each([{}, { RINGDOWN_CALL_SOURCE: 'none' }])('must be said: not %j', (environment) => {
    const brokerFactory = (): never => {
      throw new Error('not reached');
    };
    expect(() =>
      buildCallProducer(loadSettings(environment), { brokerFactory, logger: silentLogger }),
    ).toThrow('set RINGDOWN_CALL_SOURCE to asterisk (a live switch) or simulator (made-up calls)');
  });

  it('is named after its source unless it has a name', () => {
    expect(switchIdOf(loadSettings({ RINGDOWN_CALL_SOURCE: 'simulator' }))).toBe('simulator');
    expect(
      switchIdOf(loadSettings({ RINGDOWN_CALL_SOURCE: 'asterisk', RINGDOWN_CALL_SWITCH: 'pbx-1' })),
    ).toBe('pbx-1');
  });
});
