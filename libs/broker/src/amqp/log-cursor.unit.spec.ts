import { LogCursor, type SeenEntry } from './log-cursor';

function entry(id: number, body = '{}'): SeenEntry {
  return { routingKey: 'k', messageId: `m${id}`, body: Buffer.from(body) };
}

/** Has read the entries 0 to 9 and lost its subscription. */
function afterTen(): LogCursor {
  const cursor = new LogCursor('first');
  cursor.subscribe();
  for (let offset = 0; offset < 10; offset += 1) cursor.take(offset, entry(offset));
  return cursor;
}

describe('a place in a stream', () => {
  it('takes whatever comes first when it asked for no offset', () => {
    for (const start of ['first', 'next'] as const) {
      const cursor = new LogCursor(start);
      expect(cursor.subscribe()).toBe(start);
      expect(cursor.judge(7, entry(7))).toBe('take');
    }
  });

  it('skips what a chunk brings before the offset asked for', () => {
    const cursor = new LogCursor(5);
    expect(cursor.subscribe()).toBe(5);
    expect([3, 4, 5].map((it) => cursor.judge(it, entry(it)))).toEqual(['skip', 'skip', 'take']);
  });

  it('takes a single missing offset for an entry of RabbitMQ’s own', () => {
    const cursor = afterTen();
    expect(cursor.judge(10, entry(10))).toBe('take');
    expect(cursor.judge(11, entry(11))).toBe('take');
  });

  it('asks when more is missing, and finds it trimmed or never there', () => {
    const cursor = afterTen();
    expect(cursor.judge(12, entry(12))).toBe('ask');
    expect(cursor.decide(0)).toEqual({ missingFrom: undefined });
    expect(cursor.decide(11)).toEqual({ missingFrom: undefined });
    expect(cursor.decide(12)).toEqual({ missingFrom: 10 });
  });

  it('begins again with the last entry read, which it skips when it is the same', () => {
    const cursor = afterTen();
    expect(cursor.subscribe()).toBe(9);
    expect(cursor.judge(8, entry(8))).toBe('skip');
    expect(cursor.judge(9, entry(9))).toBe('skip');
    expect(cursor.judge(10, entry(10))).toBe('take');
  });

  it.each([
    ['message id', entry(99)],
    ['body', entry(9, '{"other":1}')],
    ['routing key', { ...entry(9), routingKey: 'other' }],
  ])('sees by another %s that the log is another one', (_, other) => {
    const cursor = afterTen();
    cursor.subscribe();
    expect(cursor.judge(9, other)).toBe('reset');
  });

  it('tells a last entry that was trimmed from one that is gone although older ones are there', () => {
    const [trimmed, other] = [afterTen(), afterTen()];
    for (const cursor of [trimmed, other]) {
      cursor.subscribe();
      expect(cursor.judge(40, entry(40))).toBe('ask');
    }
    expect(trimmed.decide(40)).toEqual({ missingFrom: 10 });
    expect(trimmed.judge(40, entry(40))).toBe('ask');
    expect(other.decide(3)).toBe('reset');
  });

  it('misses nothing when exactly what was read is trimmed', () => {
    const cursor = afterTen();
    cursor.subscribe();
    expect(cursor.judge(10, entry(10))).toBe('ask');
    expect(cursor.decide(10)).toEqual({ missingFrom: undefined });
    cursor.take(10, entry(10));
    expect(cursor.judge(11, entry(11))).toBe('take');
  });

  it('begins at the first entry after a reset', () => {
    const cursor = afterTen();
    cursor.subscribe();
    cursor.reset();
    expect(cursor.subscribe()).toBe('first');
    expect(cursor.judge(0, entry(0))).toBe('take');
  });
});
