import { createEmbeddedHub } from '@ringdown/broker';
import { loadSettings } from '@ringdown/config';
import { silentLogger } from '@ringdown/core';
import { buildCallProducer } from './call-producer';
import { switchIdOf } from './config';

describe('what a call-producer serves', () => {
  const unreachable = (): never => {
    throw new Error('not reached');
  };
  const build = (environment: object) =>
    buildCallProducer(loadSettings({ ...environment }), {
      brokerFactory: unreachable,
      logger: silentLogger,
    });

  it('must be said', () => {
    expect(() => build({})).toThrow(
      'set RINGDOWN_CALL_SOURCE to asterisk (a live switch), simulator (made-up calls) or none',
    );
  });

  it('may be nothing: then it is ready, and connects to nobody', () => {
    const idle = build({ RINGDOWN_CALL_SOURCE: 'none' });

    expect(idle.components).toEqual([]);
    expect(idle.readiness().ready).toBe(true);
  });

  it('is named after its source unless it has a name', () => {
    expect(switchIdOf(loadSettings({ RINGDOWN_CALL_SOURCE: 'simulator' }))).toBe('simulator');
    expect(
      switchIdOf(loadSettings({ RINGDOWN_CALL_SOURCE: 'asterisk', RINGDOWN_CALL_SWITCH: 'pbx-1' })),
    ).toBe('pbx-1');
  });

  it('is told in full at least twice in the life of a log entry', () => {
    const built = (age: string): unknown =>
      buildCallProducer(
        loadSettings({
          RINGDOWN_CALL_SOURCE: 'simulator',
          RINGDOWN_JOURNAL_MAX_AGE_S: age,
          RINGDOWN_CALL_SNAPSHOT_INTERVAL_S: '300',
        }),
        {
          brokerFactory: (service) => createEmbeddedHub().connect({ service, logger: silentLogger }),
          logger: silentLogger,
        },
      );

    expect(() => built('599')).toThrow(/at most half of RINGDOWN_JOURNAL_MAX_AGE_S/);
    expect(() => built('600')).not.toThrow();
  });
});
