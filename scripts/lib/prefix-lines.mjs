import { Transform } from 'node:stream';

/** Passes text on with `name` before each line; what is not a whole line waits for the rest of it. */
export function prefixLines(name) {
  let rest = '';
  const prefix = `${name.padEnd(9)}| `;
  return new Transform({
    transform(chunk, _encoding, done) {
      const lines = (rest + chunk.toString()).split(/\r?\n/);
      rest = lines.pop();
      done(null, lines.map((line) => `${prefix}${line}\n`).join(''));
    },
    flush(done) {
      done(null, rest === '' ? '' : `${prefix}${rest}\n`);
    },
  });
}
