import { FrameDecoder, encodeFrame, serverCommands, stompVersions, type StompVersion } from './index';

const limits = { maxFrameBytes: 10_000, maxHeaders: 64, maxLineBytes: 1_000 };

it.each([
  ['1.0', 'RECEIPT', 'a:b\\c\nd\re', 'a:b\\c d e'],
  ['1.1', 'RECEIPT', 'a:b\\c\nd\re', 'a\\cb\\\\c\\nd e'],
  ['1.2', 'RECEIPT', 'a:b\\c\nd\re', 'a\\cb\\\\c\\nd\\re'],
  ['1.2', 'CONNECTED', 'a:b\\c\nd\re', 'a:b\\c d e'],
  ['1.1', 'CONNECTED', 'a:b\\c', 'a:b\\c'],
  ['1.2', 'RECEIPT', 'a\0b', 'a b'],
  ['1.0', 'RECEIPT', 'a\0b', 'a b'],
] as const)(
  'F7: in %s a value of %s is escaped as the version can say it',
  (version, command, value, written) => {
    expect(encodeFrame(version, command, [['k', value]])).toBe(`${command}\nk:${written}\n\n\0`);
  },
);

it('F7: names are escaped, too', () => {
  expect(encodeFrame('1.2', 'ERROR', [['a:b', '']])).toBe('ERROR\na\\cb:\n\n\0');
});

it('F9: content-length counts the bytes of the body', () => {
  expect(encodeFrame('1.2', 'MESSAGE', [], '\u20ac\0')).toBe('MESSAGE\ncontent-length:4\n\n\u20ac\0\0');
});

it.each(stompVersions)('STOMP %s: what is encoded is read as it was', (version: StompVersion) => {
  const value = version === '1.0' ? 'a:b\\c' : version === '1.1' ? ' a:b\\c\n' : ' a:b\\c\n\r';
  const decoder = new FrameDecoder({ limits, commands: serverCommands });
  decoder.version = version;

  decoder.push(Buffer.from(encodeFrame(version, 'MESSAGE', [['k', value]], 'x\0\u20ac')));
  const decoded = decoder.next();

  expect(decoded?.ok === true && decoded.frame.headers.get('k')).toBe(value);
  expect(decoded?.ok === true && decoded.frame.body.toString()).toBe('x\0\u20ac');
});
