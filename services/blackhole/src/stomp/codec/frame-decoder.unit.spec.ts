import { FrameDecoder, serverCommands, type FrameLimits, type StompVersion } from './index';

const limits: FrameLimits = { maxFrameBytes: 1_024, maxHeaders: 4, maxLineBytes: 64 };

interface Reading {
  readonly frames: readonly (readonly [
    command: string,
    headers: Readonly<Record<string, string>>,
    body: string,
  ])[];
  readonly fault?: string;
}

function read(input: string | Buffer, version: StompVersion | undefined, cutEvery = Infinity): Reading {
  const decoder = new FrameDecoder({ limits });
  decoder.version = version;
  const bytes = Buffer.from(input);
  const frames: [string, Record<string, string>, string][] = [];
  for (let at = 0; at < bytes.length; at += cutEvery) {
    decoder.push(bytes.subarray(at, Math.min(bytes.length, at + cutEvery)));
    for (let decoded = decoder.next(); decoded !== undefined; decoded = decoder.next()) {
      if (!decoded.ok) return { frames, fault: decoded.fault.text };
      const { command, headers, body } = decoded.frame;
      frames.push([command, Object.fromEntries(headers), body.toString()]);
    }
  }
  return { frames };
}

type Case = readonly [
  rule: string,
  versions: readonly (StompVersion | undefined)[],
  input: string | Buffer,
  expected: Reading['frames'] | string,
];

const all = ['1.0', '1.1', '1.2'] as const;
const newer = ['1.1', '1.2'] as const;
const send = (body: string): Reading['frames'] => [['SEND', {}, body]];

const cases: readonly Case[] = [
  [
    'F1: a frame is command, headers, blank line, body, NUL',
    all,
    'SEND\na:b\n\nhi\0',
    [['SEND', { a: 'b' }, 'hi']],
  ],
  ['F1: a frame may have no headers and no body', all, 'SEND\n\n\0', send('')],
  ['F1: any number of line ends may follow a frame', all, 'SEND\n\nx\0\n\n\n', send('x')],
  ['F1: line ends before a frame are ignored', all, '\n\n\nSEND\n\nx\0', send('x')],
  [
    'F1: a frame that ends before its blank line is refused',
    all,
    'SEND\na:b\0',
    'frame ends within its headers',
  ],
  ['F1: a frame that ends within its command is refused', all, 'SEND\0', 'frame ends within its headers'],
  [
    'F2: lines may end with CR LF',
    ['1.2', undefined],
    'ACK\r\nid:1\r\n\r\n\0\r\n',
    [['ACK', { id: '1' }, '']],
  ],
  [
    'F2: CR LF is no line end before 1.2',
    ['1.0', '1.1'],
    'ACK\r\nid:1\r\n\r\n\0',
    'carriage return within a line',
  ],
  [
    'F2: CR LF between frames is refused before 1.2',
    ['1.0', '1.1'],
    '\r\nACK\nid:1\n\n\0',
    'carriage return outside of a frame',
  ],
  [
    'F2: a lone CR within a line is refused',
    [...all, undefined],
    'ACK\nid:1\r2\n\n\0',
    'carriage return within a line',
  ],
  [
    'F2: only one CR belongs to the line end',
    ['1.2'],
    'ACK\nid:1\r\r\n\n\0',
    'carriage return within a line',
  ],
  [
    'F2: a lone CR between frames is refused',
    ['1.2', undefined],
    '\rACK\nid:1\n\n\0',
    'carriage return without line feed',
  ],
  ['F3: an unknown command is refused', all, 'HELLO\n\n\0', 'unknown command'],
  ['F3: commands are case-sensitive', all, 'Send\n\n\0', 'unknown command'],
  ['F3: a command of the server is refused from a client', all, 'MESSAGE\n\n\0', 'unknown command'],
  ['F3: an empty command is refused', ['1.1', '1.2'], ' \n\n\0', 'unknown command'],
  ['F3: header names are case-sensitive', all, 'SEND\nA:1\na:2\n\n\0', [['SEND', { A: '1', a: '2' }, '']]],
  ['F4: the first colon splits a header', all, 'SEND\na:b:c\n\n\0', [['SEND', { a: 'b:c' }, '']]],
  ['F4: an empty value is allowed', all, 'SEND\na:\n\n\0', [['SEND', { a: '' }, '']]],
  ['F4: a header without colon is refused', all, 'SEND\nabc\n\n\0', 'header without colon'],
  ['F4: a header without name is refused', all, 'SEND\n:b\n\n\0', 'header without name'],
  ['F5: spaces of headers are kept', newer, 'SEND\n a : b \n\n\0', [['SEND', { ' a ': ' b ' }, '']]],
  ['F5: spaces of headers are trimmed in 1.0', ['1.0'], 'SEND\n a : b \n\n\0', [['SEND', { a: 'b' }, '']]],
  [
    'F6: \\n, \\c and \\\\ are unescaped in values',
    newer,
    'SEND\na:x\\ny\\cz\\\\n\n\n\0',
    [['SEND', { a: 'x\ny:z\\n' }, '']],
  ],
  ['F6: names are unescaped, too', newer, 'SEND\na\\cb:c\n\n\0', [['SEND', { 'a:b': 'c' }, '']]],
  ['F6: \\r is unescaped in 1.2', ['1.2'], 'SEND\na:x\\ry\n\n\0', [['SEND', { a: 'x\ry' }, '']]],
  ['F6: \\r is refused in 1.1', ['1.1'], 'SEND\na:x\\ry\n\n\0', 'undefined escape sequence in a header'],
  ['F6: any other escape is refused', newer, 'SEND\na:x\\ty\n\n\0', 'undefined escape sequence in a header'],
  [
    'F6: a dangling backslash is refused',
    newer,
    'SEND\na:x\\\n\n\0',
    'undefined escape sequence in a header',
  ],
  [
    'F6: what an escape yields is not unescaped again',
    newer,
    'SEND\na:\\\\\\\\c\n\n\0',
    [['SEND', { a: '\\\\c' }, '']],
  ],
  ['F6: nothing is unescaped in 1.0', ['1.0'], 'SEND\na:x\\n\\t\\\n\n\0', [['SEND', { a: 'x\\n\\t\\' }, '']]],
  [
    'F7: nothing is unescaped in CONNECT',
    [...all, undefined],
    'CONNECT\na:\\n\\t\n\n\0',
    [['CONNECT', { a: '\\n\\t' }, '']],
  ],
  [
    'F7: nothing is unescaped in STOMP',
    [...all, undefined],
    'STOMP\na:\\c\n\n\0',
    [['STOMP', { a: '\\c' }, '']],
  ],
  ['F8: the first of repeated headers counts', all, 'SEND\na:1\na:2\n\n\0', [['SEND', { a: '1' }, '']]],
  [
    'F8: the first of repeated content-lengths counts',
    all,
    'SEND\ncontent-length:2\ncontent-length:9\n\nhi\0',
    [['SEND', { 'content-length': '2' }, 'hi']],
  ],
  [
    'F9: content-length lets a body contain NUL',
    all,
    'SEND\ncontent-length:3\n\na\0b\0',
    [['SEND', { 'content-length': '3' }, 'a\0b']],
  ],
  [
    'F9: content-length counts bytes, not characters',
    all,
    'SEND\ncontent-length:4\n\n\u20aca\0',
    [['SEND', { 'content-length': '4' }, '\u20aca']],
  ],
  [
    'F9: a body longer than content-length is refused',
    all,
    'SEND\ncontent-length:1\n\nab\0',
    'no NUL where content-length says the frame ends',
  ],
  [
    'F9: a content-length that ends in the next frame is refused',
    all,
    'SEND\ncontent-length:4\n\nab\0SEND\n\n\0',
    'no NUL where content-length says the frame ends',
  ],
  [
    'F10: without content-length the body ends at the first NUL',
    all,
    'SEND\n\na\0\nSEND\n\nb\0',
    [
      ['SEND', {}, 'a'],
      ['SEND', {}, 'b'],
    ],
  ],
  [
    'F11: a negative content-length is refused',
    all,
    'SEND\ncontent-length:-1\n\n\0',
    'invalid content-length',
  ],
  [
    'F11: a content-length that is no number is refused',
    all,
    'SEND\ncontent-length:1x\n\n\0',
    'invalid content-length',
  ],
  ['F11: an empty content-length is refused', all, 'SEND\ncontent-length:\n\n\0', 'invalid content-length'],
  [
    'F11: a content-length no number can hold is refused',
    all,
    'SEND\ncontent-length:99999999999999999999\n\n\0',
    'invalid content-length',
  ],
  ['F12: a body where none may be is refused', newer, 'SUBSCRIBE\nid:1\n\nx\0', 'body not allowed'],
  [
    'F12: a body announced where none may be is refused',
    newer,
    'SUBSCRIBE\ncontent-length:1\n\nx\0',
    'body not allowed',
  ],
  [
    'F12: content-length 0 is no body',
    newer,
    'ACK\ncontent-length:0\n\n\0',
    [['ACK', { 'content-length': '0' }, '']],
  ],
  ['F12: 1.0 does not say where bodies may be', ['1.0'], 'SUBSCRIBE\n\nx\0', [['SUBSCRIBE', {}, 'x']]],
  ['F13: headers must be UTF-8', all, Buffer.from('SEND\na:\xff\n\n\0', 'latin1'), 'headers are not UTF-8'],
  [
    'F13: half a character is not UTF-8',
    all,
    Buffer.from('SEND\na:\xe2\x82\n\n\0', 'latin1'),
    'headers are not UTF-8',
  ],
  ['F13: a body may be any bytes', all, Buffer.from('SEND\n\n\xff\0', 'latin1'), send('\ufffd')],
  [
    'F14: frames may be batched in one message',
    all,
    'SEND\n\na\0SEND\n\nb\0\nSEND\n\nc\0',
    [...send('a'), ...send('b'), ...send('c')],
  ],
  ['F14: line ends and NULs alone are heart-beats', all, '\n\0\n\n\0', []],
  ['F14: CR LF alone is a heart-beat', ['1.2', undefined], '\r\n\r\n', []],
  [
    'L1: the most headers there may be',
    all,
    'SEND\na:1\nb:2\nc:3\nd:4\n\n\0',
    [['SEND', { a: '1', b: '2', c: '3', d: '4' }, '']],
  ],
  ['L1: one header more is refused', all, 'SEND\na:1\nb:2\nc:3\nd:4\ne:5\n\n\0', 'too many headers'],
  ['L1: repeated headers count', all, 'SEND\na:1\na:1\na:1\na:1\na:1\n\n\0', 'too many headers'],
  [
    'L1: the longest line there may be',
    all,
    `SEND\na:${'x'.repeat(62)}\n\n\0`,
    [['SEND', { a: 'x'.repeat(62) }, '']],
  ],
  ['L1: one byte more is refused', all, `SEND\na:${'x'.repeat(63)}\n\n\0`, 'line too long'],
  ['L1: an endless command is refused', all, 'x'.repeat(200), 'line too long'],
  ['L1: the largest frame there may be', all, `SEND\n\n${'x'.repeat(1_017)}\0`, send('x'.repeat(1_017))],
  ['L1: one byte more is refused', all, `SEND\n\n${'x'.repeat(1_018)}\0`, 'frame too large'],
  [
    'L1: a body without end is refused before its end',
    all,
    `SEND\n\n${'x'.repeat(1_100)}`,
    'frame too large',
  ],
  [
    'L1: a content-length above the limit is refused before the body',
    all,
    'SEND\ncontent-length:1100\n\n',
    'frame too large',
  ],
];

const table = cases.flatMap(([rule, versions, input, expected]) =>
  versions.map((version) => [version ?? 'before CONNECT', rule, version, input, expected] as const),
);

describe.each([
  ['in one message', Infinity],
  ['byte by byte', 1],
  ['in pieces of seven', 7],
])('a frame %s', (_how, cutEvery) => {
  it.each(table)('STOMP %s, %s', (_version, _rule, version, input, expected) => {
    const { frames, fault } = read(input, version, cutEvery);

    if (typeof expected === 'string') expect(fault).toBe(expected);
    else expect({ frames, fault }).toEqual({ frames: expected, fault: undefined });
  });
});

describe('a decoder', () => {
  it('reads what is behind the first frame by the version that frame decided', () => {
    const decoder = new FrameDecoder({ limits });
    decoder.push(Buffer.from('CONNECT\na:\\n\n\n\0SEND\na:\\n\n\n\0'));

    const first = decoder.next();
    decoder.version = '1.1';
    const second = decoder.next();

    expect(first?.ok === true && first.frame.headers.get('a')).toBe('\\n');
    expect(second?.ok === true && second.frame.headers.get('a')).toBe('\n');
  });

  it('says only its fault after one, and keeps nothing', () => {
    const decoder = new FrameDecoder({ limits });
    decoder.push(Buffer.from('SEND\nreceipt:r-1\nbad\n\n'));
    const fault = { text: 'header without colon', tooLarge: false, receipt: 'r-1' };

    expect(decoder.next()).toEqual({ ok: false, fault });
    decoder.push(Buffer.from('SEND\n\n\0'));
    expect(decoder.next()).toEqual({ ok: false, fault });
    expect(decoder.bufferedBytes).toBe(0);
  });

  it('tells what is too large from what is wrong', () => {
    const decoder = new FrameDecoder({ limits });
    decoder.push(Buffer.from('x'.repeat(100)));

    expect(decoder.next()).toMatchObject({ ok: false, fault: { tooLarge: true } });
  });

  it('keeps nothing between frames', () => {
    const decoder = new FrameDecoder({ limits });
    decoder.push(Buffer.from('SEND\n\nx\0\n\n\n'));

    decoder.next();
    decoder.next();

    expect(decoder.bufferedBytes).toBe(0);
  });

  it('reads the commands it is told', () => {
    const decoder = new FrameDecoder({ limits, commands: serverCommands });
    decoder.version = '1.2';
    decoder.push(Buffer.from('MESSAGE\n\nx\0SEND\n\n\0'));

    expect(decoder.next()).toMatchObject({ ok: true, frame: { command: 'MESSAGE' } });
    expect(decoder.next()).toMatchObject({ ok: false });
  });
});
