import { createEmbeddedHub } from '../embedded/embedded-hub';
import { until } from '../contract/until';

describe('control messages of somebody who knows no better', () => {
  it('are ignored, or taken for the larger change, and disturb nobody', async () => {
    const hub = createEmbeddedHub();
    const [listener, stranger] = [hub.connect({ service: 'listener' }), hub.connect({ service: 'stranger' })];
    await Promise.all([listener.start(), stranger.start()]);
    const heard: unknown[] = [];
    listener.onControl('principal_changed', (body) => heard.push(body));
    listener.onControl('token_revoked', (body) => heard.push(body));
    const send = (name: string, body: string): Promise<unknown> =>
      stranger.publish({
        exchange: 'control',
        routingKey: `control.${name}`,
        body: Buffer.from(body),
      });
    const long = 'x'.repeat(10_000);

    await send('principal_changed', '{"account_id":7}');
    await send('principal_changed', `{"account_id":"${long}"}`);
    await send('principal_changed', '{"account_id":"a","user_id":null,"key_id":{"length":3}}');
    await send('token_revoked', '{"token_id":"t","expires_at":"soon"}');
    await send('token_revoked', '{"token_id":"t","expires_at":1e999}');
    await send('token_revoked', `{"token_id":"${long}","expires_at":1}`);
    await send('alive.ghost.x', `{"service":"ghost","instance":"${long}","started_at":1}`);
    await send('alive.ghost.x', '[]');
    await send('nothing.known', '{}');
    await send('', 'no JSON');
    await send('token_revoked', '{"token_id":"last","expires_at":1}');

    await until('the last is heard', () => heard.length >= 2);
    expect(heard).toEqual([{ account_id: 'a' }, { token_id: 'last', expires_at: 1 }]);
    expect(listener.instances('ghost')).toEqual([]);
    await Promise.all([listener.stop(), stranger.stop()]);
  });
});

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
