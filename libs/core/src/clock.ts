/** The current time in unix milliseconds; passed in so that tests can turn it. */
export type Clock = () => number;

export const systemClock: Clock = () => Date.now();

/** Seconds between the start of the Gregorian calendar (year 0), Erlang's epoch, and the unix epoch. */
export const GREGORIAN_OFFSET_S = 62_167_219_200;

/** Unix milliseconds to Gregorian seconds, the time format of the Kazoo API. */
export function toGregorianSeconds(unixMs: number): number {
  return Math.floor(unixMs / 1000) + GREGORIAN_OFFSET_S;
}

/** Gregorian seconds to unix milliseconds. */
export function fromGregorianSeconds(seconds: number): number {
  return (seconds - GREGORIAN_OFFSET_S) * 1000;
}
