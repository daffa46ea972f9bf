import type { ClaimListeners } from '@ringdown/broker';
import { decodeSwitchSnapshot, type ChannelState, type WireMessage } from '@ringdown/contracts';
import { deferred, silentLogger, type Deferred } from '@ringdown/core';
import { MemoryEndpointDirectory } from '../domain/memory-endpoint-directory';
import { FakeSource, createdEvent, liveChannel } from '../testing/fake-source';
import { EventPublisher } from './event-publisher';
import { SwitchHolder } from './switch-holder';
import { SNAPSHOT_EVERY_BYTES } from './tenure';

/** A holder over a claim, a registry and a source that the spec plays. */
class Stage {
  readonly published: WireMessage[] = [];
  readonly sources: FakeSource[] = [];
  listeners: ClaimListeners | undefined;
  held = false;
  claimClosed = false;
  known: () => Promise<readonly ChannelState[]> = () => Promise.resolve([]);
  confirm: Deferred | undefined;
  prepare: (source: FakeSource) => void = () => undefined;
  readonly publisher = new EventPublisher(
    {
      publish: async (message) => {
        this.published.push(message);
        await this.confirm?.promise;
      },
      ready: true,
    },
    { published: () => undefined, lost: () => undefined },
    silentLogger,
  );
  readonly holder = new SwitchHolder({
    broker: {
      claim: (_name, _handlers, listeners) => {
        this.listeners = listeners;
        if (this.held) listeners.onHeld();
        return Promise.resolve({
          held: this.held,
          close: () => {
            this.claimClosed = true;
            return Promise.resolve();
          },
        });
      },
    },
    switchId: 'sw',
    holder: 'me',
    handlers: [],
    factory: (ports) => {
      const source = new FakeSource(ports);
      this.prepare(source);
      this.sources.push(source);
      return source;
    },
    publisher: this.publisher,
    directory: new MemoryEndpointDirectory(),
    directoryReady: () => Promise.resolve(),
    known: () => this.known(),
    snapshotIntervalMs: 300_000,
    counters: { refused: () => undefined, snapshotTaken: () => undefined },
    logger: silentLogger,
    clock: Date.now,
  });

  get keys(): readonly string[] {
    return this.published.map(({ routingKey }) => routingKey);
  }

  get source(): FakeSource {
    const source = this.sources.at(-1);
    if (source === undefined) throw new Error('no source was made');
    return source;
  }
}

describe('the holder of a switch', () => {
  let stage: Stage;

  beforeEach(() => {
    jest.useFakeTimers();
    stage = new Stage();
  });

  afterEach(async () => {
    await stage.holder.stop();
    expect(jest.getTimerCount()).toBe(0);
    jest.useRealTimers();
  });

  const settle = (): Promise<void> => jest.advanceTimersByTimeAsync(0);

  async function active(): Promise<FakeSource> {
    stage.held = true;
    await stage.holder.start();
    await settle();
    return stage.source;
  }

  it('makes no source while another has the switch, and says that it stands by', async () => {
    await stage.holder.start();
    await settle();
    expect(stage.sources).toEqual([]);
    expect(stage.holder.standby).toBe(true);
    expect(() => stage.holder.source()).toThrow('another instance serves the switch');

    stage.listeners?.onHeld();
    await settle();
    expect(stage.holder.standby).toBe(false);
    expect(stage.holder.source()).toBe(stage.source);
  });

  it('gives the source what the registry believed, then writes a snapshot', async () => {
    stage.known = () => Promise.resolve([liveChannel('old')]);
    stage.prepare = (source) => (source.live = [liveChannel('now')]);
    const source = await active();
    expect(source.ports.known.map(({ call_id: id }) => id)).toEqual(['old']);
    expect(stage.published.map((it) => decodeSwitchSnapshot(it))).toMatchObject([
      { switch: 'sw', holder: 'me', parts: 1, channels: [{ call_id: 'now' }] },
    ]);
  });

  it('writes no snapshot of a switch that is not connected yet; the source asks for it', async () => {
    stage.prepare = (source) => (source.trouble = 'connecting');
    const source = await active();
    expect(stage.published).toEqual([]);
    expect(() => stage.holder.source()).toThrow('switch sw: connecting');
    await jest.advanceTimersByTimeAsync(900_000);
    expect(stage.published).toEqual([]);

    source.trouble = undefined;
    source.ports.snapshot();
    expect(stage.keys).toEqual(['_switch.sw']);
    await jest.advanceTimersByTimeAsync(600_000);
    expect(stage.keys).toHaveLength(3);
  });

  it('writes a snapshot again when much was said since, before the log can have lost the one before', async () => {
    const source = await active();
    source.live = [liveChannel('quiet')];
    const sayMuch = async (bytes: number): Promise<void> => {
      const draft = createdEvent('busy');
      for (let said = 0; said < bytes; said += 10_000) {
        source.ports.emit({ ...draft, body: { ...draft.body, caller_id_name: 'x'.repeat(10_000) } });
      }
      await jest.advanceTimersByTimeAsync(1);
    };
    const snapshots = (): number => stage.keys.filter((key) => key === '_switch.sw').length;
    await sayMuch(SNAPSHOT_EVERY_BYTES / 2);
    expect(snapshots()).toBe(1);
    await sayMuch(SNAPSHOT_EVERY_BYTES / 2);
    expect(snapshots()).toBe(2);

    source.live = Array.from({ length: 10_000 }, (_, index) => ({
      ...liveChannel(`c${index}`),
      caller_id_name: 'x'.repeat(500),
    }));
    source.ports.snapshot();
    const before = snapshots();
    await sayMuch(SNAPSHOT_EVERY_BYTES * 2);
    expect(snapshots()).toBe(before);
    await sayMuch(SNAPSHOT_EVERY_BYTES);
    expect(snapshots()).toBeGreaterThan(before);
  });

  it('marks events as those of its switch and of this service', async () => {
    const source = await active();
    source.say('a');
    const event = stage.published.at(-1);
    expect(event).toMatchObject({ appId: 'call-producer', exchange: 'call', messageId: expect.any(String) });
    expect(JSON.parse(String(event?.body))).toMatchObject({
      switch_nodename: 'sw',
      switch_hostname: 'sw',
      media_server: 'sw',
      app_name: 'call-producer',
      msg_id: event?.messageId,
    });
  });

  it('takes an event that is none without breaking', async () => {
    const source = await active();
    const { length } = stage.published;
    source.ports.emit({ family: 'call', name: 'X', routingKey: 'nonsense', accountId: 'a', body: {} });
    expect(stage.published).toHaveLength(length);
  });

  it('publishes nothing from the moment the switch is lost, not even what waited', async () => {
    const source = await active();
    stage.confirm = deferred();
    for (let index = 0; index < 400; index += 1) source.say(`c${index}`);
    const { length } = stage.published;
    expect(length).toBeLessThan(300);

    stage.listeners?.onLost('connection lost');
    source.say('late');
    source.ports.snapshot();
    stage.confirm.resolve();
    await jest.advanceTimersByTimeAsync(900_000);

    expect(stage.published).toHaveLength(length);
    expect(source.stopped).toBe(1);
    expect(stage.holder.standby).toBe(true);
  });

  it('begins anew when it gets the switch back, after the old source has stopped', async () => {
    const first = await active();
    const stopping = deferred();
    first.stop = () => stopping.promise;
    stage.listeners?.onLost('connection lost');
    stage.known = () => Promise.resolve([liveChannel('a')]);
    stage.listeners?.onHeld();
    await settle();
    expect(stage.sources).toHaveLength(1);
    expect(stage.holder.standby).toBe(false);
    expect(() => stage.holder.source()).toThrow('being taken over');

    stopping.resolve();
    await settle();
    expect(stage.sources).toHaveLength(2);
    expect(stage.source.ports.known).toHaveLength(1);
    first.say('ghost');
    stage.source.say('b');
    expect(stage.keys.filter((key) => key.startsWith('call.'))).toEqual(['call.CHANNEL_CREATE.b']);
  });

  it('asks what is known only when nothing it said before is on its way any more', async () => {
    const first = await active();
    stage.confirm = deferred();
    first.say('a');
    stage.listeners?.onLost('connection lost');
    stage.known = () => Promise.resolve([liveChannel('a')]);
    stage.listeners?.onHeld();
    await jest.advanceTimersByTimeAsync(1_000);
    expect(stage.sources).toEqual([first]);

    stage.confirm.resolve();
    await settle();
    expect(stage.source.ports.known).toHaveLength(1);
  });

  it('stops a source that is still starting when the switch is lost', async () => {
    const started = deferred();
    stage.prepare = (source) => {
      source.onStart = () => started.promise;
      source.onStop = () => started.resolve();
    };
    const first = await active();
    stage.listeners?.onLost('connection lost');
    await settle();
    expect(first.stopped).toBeGreaterThan(0);

    stage.prepare = () => undefined;
    stage.listeners?.onHeld();
    await settle();
    expect(stage.holder.source()).not.toBe(first);
  });

  it('forgets a takeover that was lost before the registry answered', async () => {
    const answer = deferred<readonly ChannelState[]>();
    stage.known = () => answer.promise;
    await active().catch(() => undefined);
    stage.listeners?.onLost('connection lost');
    answer.resolve([]);
    await settle();
    expect(stage.sources).toEqual([]);
    expect(stage.holder.standby).toBe(true);
  });

  it('tries again when a source does not start', async () => {
    let failures = 2;
    stage.prepare = (source) => {
      source.onStart = () => (failures-- > 0 ? Promise.reject(new Error('no')) : Promise.resolve());
    };
    await active();
    await jest.advanceTimersByTimeAsync(5_000);
    expect(stage.sources).toHaveLength(3);
    expect(stage.holder.problem()).toBeUndefined();
  });

  it('keeps the parts of a snapshot together, whatever is said meanwhile', async () => {
    const source = await active();
    stage.published.length = 0;
    source.live = Array.from({ length: 1_200 }, (_, index) => liveChannel(`c${index}`));
    source.say('before');
    source.ports.snapshot();
    source.say('after');
    expect(stage.keys).toEqual([
      'call.CHANNEL_CREATE.before',
      '_switch.sw',
      '_switch.sw',
      '_switch.sw',
      'call.CHANNEL_CREATE.after',
    ]);
    expect(stage.published.slice(1, 4).map((it) => decodeSwitchSnapshot(it)?.part)).toEqual([0, 1, 2]);
  });

  it('stops in order: the last events of the source, their confirms, then the claim', async () => {
    const source = await active();
    stage.confirm = deferred();
    source.onStop = () => source.say('goodbye');
    const stopping = stage.holder.stop();
    await settle();
    expect(stage.keys.at(-1)).toBe('call.CHANNEL_CREATE.goodbye');
    expect(stage.claimClosed).toBe(false);
    stage.confirm.resolve();
    await stopping;
    expect(stage.claimClosed).toBe(true);
  });
});
