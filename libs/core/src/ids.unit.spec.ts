import { newId, newMessageId } from './ids';

describe('ids', () => {
  it('have the form of the Kazoo API', () => {
    expect(newId()).toMatch(/^[0-9a-f]{32}$/);
  });
});

describe('message ids', () => {
  it('sort in the order they were made, within one millisecond and across a clock that steps back', () => {
    const now = Date.now() + 60_000;
    const made = [newMessageId(now), newMessageId(now), newMessageId(now - 5_000), newMessageId(now + 1)];

    expect([...made].sort()).toEqual(made);
    expect(new Set(made).size).toBe(4);
  });

  it('stay in order when one millisecond holds more than its sequence can count', () => {
    const now = Date.now() + 120_000;
    const made = Array.from({ length: 70_000 }, () => newMessageId(now));

    expect(made.every((id, i) => i === 0 || made[i - 1]! < id)).toBe(true);
  });
});
