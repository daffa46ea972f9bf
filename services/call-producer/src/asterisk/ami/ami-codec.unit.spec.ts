import { AmiDecoder, MAX_LINE_BYTES, MAX_LINES } from './ami-decoder';
import { encodeAction, type AmiMessage } from './ami-message';

const GREETING = 'Asterisk Call Manager/11.0.0\r\n';
const TWO =
  'Response: Success\r\nActionID: 1\r\nMessage: ok: fine\r\n\r\nEvent: Hangup\r\nCause:\r\nChanVariable: A=1\r\nChanVariable: B=ü=2\r\n\r\n';

describe('messages of the manager interface', () => {
  it('are the same wherever the bytes are cut', () => {
    const bytes = Buffer.from(GREETING + TWO);
    const whole = decoded([bytes]);
    expect(whole).toHaveLength(2);
    for (let at = 1; at < bytes.length; at += 1) {
      expect(decoded([bytes.subarray(0, at), bytes.subarray(at)])).toEqual(whole);
    }
    expect(decoded([...bytes].map((byte) => Buffer.from([byte])))).toEqual(whole);
  });

  it('have headers without case, the first of a name first, and empty ones', () => {
    const [response, event] = decoded([Buffer.from(GREETING + TWO)]);
    expect(response?.get('message')).toBe('ok: fine');
    expect(response?.isResponse).toBe(true);
    expect(event?.event).toBe('Hangup');
    expect(event?.get('Cause')).toBe('');
    expect(event?.all('chanvariable')).toEqual(['A=1', 'B=ü=2']);
  });

  it('stand behind any number of empty lines', () => {
    const extra = `${GREETING}\r\n\r\nEvent: A\r\n\r\n\r\n\r\nEvent: B\n\n`;
    expect(decoded([Buffer.from(extra)]).map((message) => message.event)).toEqual(['A', 'B']);
  });

  it('keep a bounded part of an endless line, of endless lines, and of what is no header', () => {
    const decoder = new AmiDecoder();
    decoder.push(Buffer.from(GREETING));
    const chunk = Buffer.alloc(65_536, 'x');
    decoder.push(Buffer.from('Event: '));
    for (let sent = 0; sent < 64; sent += 1) decoder.push(chunk);
    const [long] = decoder.push(Buffer.from('\r\nno header\r\nCause: 16\r\n\r\n'));
    expect(long?.get('Event').length).toBeLessThanOrEqual(MAX_LINE_BYTES);
    expect(long?.get('Cause')).toBe('16');

    const many = 'Same: x\r\n'.repeat(MAX_LINES * 3);
    const [message] = decoder.push(Buffer.from(`${many}\r\n`));
    expect(message?.all('Same')).toHaveLength(MAX_LINES);
  });

  it('survive garbage', () => {
    const decoder = new AmiDecoder();
    for (let seed = 1; seed < 300; seed += 1) {
      const bytes = Buffer.from(
        Array.from({ length: seed }, (_, i) => (seed * 31 + i * 17 + (i % 7) * 3) & 0xff),
      );
      expect(() => decoder.push(bytes)).not.toThrow();
    }
  });
});

describe('actions', () => {
  it('are header lines that end with an empty one', () => {
    expect(
      encodeAction('Originate', 'id-1', { Variable: ['a=1', 'b=2'], Timeout: undefined, Data: '' }),
    ).toBe('Action: Originate\r\nActionID: id-1\r\nVariable: a=1\r\nVariable: b=2\r\nData: \r\n\r\n');
  });

  it.each([
    ['a line end', { Exten: '600\r\nAction: Command' }],
    ['half a line end', { Exten: '600\n' }],
    ['a null byte', { Exten: '6\u000000' }],
    ['a later value of several', { Variable: ['a=1', 'b=2\r\n\r\nAction: Logoff'] }],
    ['a name that is no name', { 'Exten: 1\r\nX': 'y' }],
    ['a value without end', { Exten: 'x'.repeat(5_000) }],
  ])('are refused with %s in a field, without repeating it', (_, fields) => {
    expect(() => encodeAction('Redirect', '1', fields)).toThrow(
      expect.objectContaining({
        code: 'bad_request',
        message: expect.not.stringContaining('Logoff') as string,
      }),
    );
  });
});

function decoded(chunks: readonly Buffer[]): AmiMessage[] {
  const decoder = new AmiDecoder();
  return chunks.flatMap((chunk) => decoder.push(chunk));
}
