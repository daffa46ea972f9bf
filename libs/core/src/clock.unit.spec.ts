import { fromGregorianSeconds, toGregorianSeconds } from './clock';

describe('Gregorian seconds', () => {
  it('count from the year 0, as Erlang does', () => {
    expect(toGregorianSeconds(0)).toBe(62_167_219_200);
    expect(toGregorianSeconds(1_700_000_000_999)).toBe(63_867_219_200);
  });

  it('convert back to the second', () => {
    expect(fromGregorianSeconds(toGregorianSeconds(1_700_000_000_999))).toBe(1_700_000_000_000);
  });
});
