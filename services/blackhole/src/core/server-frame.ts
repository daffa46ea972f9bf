/**
 * WebSocket text frames as a server writes them (RFC 6455, 5.2): final, not compressed, not masked. Built once and
 * written to any number of sockets, so nobody may change the returned buffer.
 */
export function textFrame(text: string): Buffer {
  const length = Buffer.byteLength(text);
  const offset = headerLength(length);
  const frame = Buffer.allocUnsafe(offset + length);
  frame[0] = FINAL_TEXT;
  if (offset === 2) {
    frame[1] = length;
  } else if (offset === 4) {
    frame[1] = 126;
    frame.writeUInt16BE(length, 2);
  } else {
    frame[1] = 127;
    frame.writeUInt32BE(Math.floor(length / 2 ** 32), 2);
    frame.writeUInt32BE(length >>> 0, 6);
  }
  frame.write(text, offset, 'utf8');
  return frame;
}

/** The text bytes inside a frame made by {@link textFrame}, without a copy. */
export function payloadOf(frame: Buffer): Buffer {
  const kind = frame[1];
  return frame.subarray(kind === 127 ? 10 : kind === 126 ? 4 : 2);
}

const FINAL_TEXT = 0x81;

function headerLength(payloadLength: number): number {
  if (payloadLength < 126) return 2;
  return payloadLength < 65_536 ? 4 : 10;
}
