import type { ChannelState } from '../../rpc/channels';
import { MAX_CHANNELS_PER_PART, decodeSwitchSnapshot, encodeSwitchSnapshot } from './call-snapshot';
import { parseBinding } from '../../parse-binding';
import { decodeEvent } from '../../decode-event';

function channels(count: number): ChannelState[] {
  return Array.from({ length: count }, (_, n) => ({
    call_id: `c${n}`,
    account_id: 'a'.repeat(32),
    answered: true,
    on_hold: false,
    created: 63_900_000_000 + n,
  }));
}

const facts = { switch: 'sw.1', holder: 'call-producer-1', taken_at: 1_790_000_000_000 };

describe('a snapshot of a switch', () => {
  it('comes back as it was written, in parts that name their place', () => {
    const all = channels(MAX_CHANNELS_PER_PART * 2 + 1);

    const parts = encodeSwitchSnapshot({ ...facts, channels: all }).map(decodeSwitchSnapshot);

    expect(parts).toHaveLength(3);
    expect(parts.map((part) => [part?.part, part?.parts])).toEqual([
      [0, 3],
      [1, 3],
      [2, 3],
    ]);
    expect(new Set(parts.map((part) => part?.snapshot_id)).size).toBe(1);
    expect(parts.flatMap((part) => part?.channels ?? [])).toEqual(all);
    expect(parts[0]).toMatchObject(facts);
  });

  it('of no calls is one part without channels', () => {
    const [only, ...more] = encodeSwitchSnapshot({ ...facts, channels: [] });

    expect(more).toEqual([]);
    expect(decodeSwitchSnapshot(only!)).toMatchObject({ part: 0, parts: 1, channels: [] });
  });

  it('has a key that is no event and that no client can bind', () => {
    const [message] = encodeSwitchSnapshot({ ...facts, channels: [] });

    expect(message!.routingKey).toBe('_switch.sw%2E1');
    expect(decodeEvent(message!).ok).toBe(false);
    expect(() => parseBinding(message!.routingKey)).toThrow();
    expect(() => parseBinding('_switch.*')).toThrow();
  });

  it.each<[string, unknown]>([
    ['is no JSON', 'nonsense'],
    ['is no object', []],
    ['lacks its switch', { ...facts, switch: undefined }],
    ['lacks its channels', { channels: undefined }],
    ['has a channel without an id', { channels: [{ answered: true, on_hold: false, created: 1 }] }],
    ['has a channel whose id is no text', { channels: [{ ...channels(1)[0], call_id: 7 }] }],
    ['has a channel that is null', { channels: [null] }],
    ['has an answer that is text', { channels: [{ ...channels(1)[0], answered: 'true' }] }],
    ['has a time that is text', { channels: [{ ...channels(1)[0], created: '1' }] }],
    ['has a part before the first', { part: -1 }],
  ])('is refused when it %s', (_, change) => {
    const [message] = encodeSwitchSnapshot({ ...facts, channels: channels(1) });
    const body =
      typeof change === 'object' && change !== null && !Array.isArray(change)
        ? { ...(JSON.parse(message!.body.toString('utf8')) as object), ...change }
        : change;
    const bytes = Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));

    expect(decodeSwitchSnapshot({ ...message!, body: bytes })).toBeUndefined();
  });
});
