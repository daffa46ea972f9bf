import { createEmbeddedHub } from '../embedded/embedded-hub';
import { until } from '../contract/until';

describe('presence', () => {
  it('ends after six silent seconds', async () => {
    let skewMs = 0;
    const hub = createEmbeddedHub({ clock: () => Date.now() + skewMs });
    const [watcher, witness] = [hub.connect({ service: 'watcher' }), hub.connect({ service: 'witness' })];
    await Promise.all([watcher.start(), witness.start()]);
    const alive = { service: 'ghost', instance: 'ghost-1', started_at: 1 };
    await witness.publish({
      exchange: 'control',
      routingKey: 'control.alive.ghost.ghost-1',
      body: Buffer.from(JSON.stringify(alive)),
    });
    await until('the ghost is seen', () => watcher.instances('ghost').length === 1);
    expect(watcher.instances('ghost')[0]).toMatchObject({ instance: 'ghost-1', startedAtMs: 1 });

    skewMs = 5_900;
    expect(watcher.instances('ghost')).toHaveLength(1);
    skewMs = 6_100;
    expect(watcher.instances('ghost')).toHaveLength(0);
    expect(watcher.instances('watcher')).toHaveLength(1);
    await Promise.all([watcher.stop(), witness.stop()]);
  });

  it('of a late comer is complete although it heard nobody before', async () => {
    const hub = createEmbeddedHub();
    const early = Array.from({ length: 20 }, () => hub.connect({ service: 'early' }));
    await Promise.all(early.map((it) => it.start()));
    const late = hub.connect({ service: 'late' });
    await late.start();

    expect(
      late
        .instances('early')
        .map((it) => it.instance)
        .sort(),
    ).toEqual(early.map((it) => it.instance).sort());
    await Promise.all([...early, late].map((it) => it.stop()));
  });
});
