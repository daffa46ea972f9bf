import type { WireMessage } from '@ringdown/contracts';
import type { LogOptions } from '../broker';
import { until } from '../contract/until';
import { EmbeddedLog, EmbeddedLogReader } from './embedded-log';

const MIB = 1024 * 1024;

function message(text: string): WireMessage {
  return {
    exchange: 'call',
    routingKey: 'k',
    body: Buffer.from(text),
    messageId: undefined,
    timestampMs: undefined,
    type: undefined,
    appId: undefined,
    contentType: undefined,
    headers: {},
  };
}

function open(log: EmbeddedLog, from: LogOptions['from']): { reader: EmbeddedLogReader; told: string[] } {
  const told: string[] = [];
  const reader = new EmbeddedLogReader(
    log,
    { exchange: 'call', from },
    {
      onEntry: (entry) => void told.push(`${entry.offset} ${entry.message.body.toString('utf8', 0, 8)}`),
      onTruncated: (start, end) => void told.push(`truncated ${start} ${end}`),
      onReset: () => void told.push('reset'),
    },
  );
  return { reader, told };
}

describe('the embedded event log', () => {
  it('tells a slow reader that it was overtaken', async () => {
    const log = new EmbeddedLog({ maxAgeS: 60, maxBytes: MIB }, Date.now);
    const { told } = open(log, 'first');
    log.append(message('first'));
    await until('it', () => told.length === 1);

    const large = 'x'.repeat(300_000);
    for (let n = 0; n < 10; n += 1) log.append(message(large));

    await until('the newest', () => told.includes('10 xxxxxxxx'));
    expect(told).toEqual(['0 first', 'truncated 1 8', '8 xxxxxxxx', '9 xxxxxxxx', '10 xxxxxxxx']);
  });

  it('lets go of what is too old, also when nothing is written any more', async () => {
    let now = 0;
    const log = new EmbeddedLog({ maxAgeS: 60, maxBytes: MIB }, () => now);
    const { reader } = open(log, 'first');
    log.append(message('old'));
    now = 59_000;
    log.append(message('young'));
    expect(await reader.firstOffset()).toBe(0);

    now = 61_000;
    expect(await reader.firstOffset()).toBe(1);
    now = 200_000;
    expect(await reader.firstOffset()).toBeUndefined();
    log.append(message('new'));
    expect(await reader.firstOffset()).toBe(2);
  });

  it('keeps at most sixteen MiB, however much it may', () => {
    const log = new EmbeddedLog({ maxAgeS: 60, maxBytes: 1024 * MIB }, Date.now);

    for (let n = 0; n < 20; n += 1) log.append(message('x'.repeat(MIB)));

    expect(log.end - log.start).toBe(15);
  });

  it('keeps a message that alone is larger than it may be', () => {
    const log = new EmbeddedLog({ maxAgeS: 60, maxBytes: MIB }, Date.now);

    log.append(message('small'));
    log.append(message('x'.repeat(2 * MIB)));

    expect([log.start, log.end]).toEqual([1, 2]);
  });

  it('gives memory back as it moves on', () => {
    const log = new EmbeddedLog({ maxAgeS: 60, maxBytes: MIB }, Date.now);

    for (let n = 0; n < 50_000; n += 1) log.append(message(`m${n}`));

    expect(log.read(49_999)?.body.toString()).toBe('m49999');
    expect(log.read(log.start)?.body.toString()).toBe(`m${log.start}`);
    expect(log['kept'].length).toBeLessThan(20_000);
  });
});
