import { FrameDecoder, encodeFrame, stompVersions, type FrameLimits, type StompVersion } from './index';

const ROUNDS = 100_000;
const limits: FrameLimits = { maxFrameBytes: 400, maxHeaders: 8, maxLineBytes: 80 };

/** mulberry32 */
function randomFrom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

const seeds = [
  encodeFrame('1.2', 'CONNECT', [
    ['accept-version', '1.2'],
    ['host', 'x'],
    ['heart-beat', '10000,10000'],
  ]),
  encodeFrame('1.2', 'SUBSCRIBE', [
    ['id', 'sub-0'],
    ['destination', '/queue/message'],
    ['receipt', 'a:b\\c'],
  ]),
  encodeFrame('1.1', 'ACK', [
    ['message-id', '7'],
    ['subscription', 'sub-0'],
  ]),
  encodeFrame('1.2', 'SEND', [['destination', '/x']], 'body \u20ac \0 end'),
  'SEND\r\ndestination:/x\r\n\r\nfirst\0\r\n\nSEND\ndestination:/y\n\nsecond\0\n',
  encodeFrame('1.0', 'DISCONNECT', [['receipt', 'close-1']]),
].map((text) => Buffer.from(text));

const interesting = [0, 10, 13, 58, 92, 99, 110, 114, 116, 255, 0xe2, 45, 57];

function mutated(random: (below: number) => number): Buffer {
  let bytes = Buffer.from(seeds[random(seeds.length)]!);
  for (let changes = random(6); changes > 0; changes -= 1) {
    const at = random(bytes.length);
    const kind = random(6);
    if (kind === 0) bytes[at] = random(256);
    else if (kind === 1) bytes[at] = interesting[random(interesting.length)]!;
    else if (kind === 2) bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + random(8))]);
    else if (kind === 3) bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(random(at + 1))]);
    else if (kind === 4) bytes = Buffer.concat([bytes, seeds[random(seeds.length)]!]);
    else
      bytes = Buffer.concat([
        bytes.subarray(0, at),
        Buffer.alloc(random(120), bytes[at]),
        bytes.subarray(at),
      ]);
    if (bytes.length === 0) bytes = Buffer.from('\n');
  }
  return bytes;
}

/**
 * What was read, as one text, with `!` at its end for a fault: which of two faults in one line is told depends on which
 * piece shows it first. Also looks at the memory.
 */
function reading(bytes: Buffer, version: StompVersion | undefined, piece: () => number): string {
  const decoder = new FrameDecoder({ limits });
  decoder.version = version;
  const read: string[] = [];
  for (let at = 0; at < bytes.length;) {
    const size = piece();
    decoder.push(bytes.subarray(at, at + size));
    at += size;
    for (let decoded = decoder.next(); decoded !== undefined; decoded = decoder.next()) {
      if (!decoded.ok) return `${read.join('|')}!`;
      const { command, headers, body } = decoded.frame;
      read.push(`${command} ${JSON.stringify([...headers])} ${body.toString('latin1')}`);
    }
    if (decoder.bufferedBytes > limits.maxFrameBytes) throw new Error('keeps more than a frame');
  }
  return read.join('|');
}

it(`${ROUNDS} mutated frames: never throws, keeps at most one frame, reads the same however they are cut`, () => {
  const random = randomFrom(20_260_105);
  const versions = [...stompVersions, undefined];
  let frames = 0;
  let faults = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    const bytes = mutated(random);
    const version = versions[random(versions.length)];
    const whole = reading(bytes, version, () => bytes.length);
    const cut = reading(bytes, version, () => 1 + random(12));
    if (whole !== cut) {
      throw new Error(
        `round ${round}: ${JSON.stringify(bytes.toString('latin1'))}: ${whole} but in pieces ${cut}`,
      );
    }
    if (whole.includes('!')) faults += 1;
    else if (whole !== '') frames += 1;
  }
  // Both ways are walked often.
  expect(frames).toBeGreaterThan(ROUNDS / 10);
  expect(faults).toBeGreaterThan(ROUNDS / 10);
});
