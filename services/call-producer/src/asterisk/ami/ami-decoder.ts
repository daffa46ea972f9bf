import { AmiMessage } from './ami-message';

/** Longer lines are cut: a variable's value may be of any length, and no header we read is near this. */
export const MAX_LINE_BYTES = 16_384;
/** Further lines of a message are dropped. */
export const MAX_LINES = 512;

const LF = 0x0a;
const CR = 0x0d;
const SEPARATOR = /^([^:\s][^:]{0,127}): ?(.*)$/s;

/**
 * Bytes of the manager interface -> messages. Takes them in any pieces, never throws, and keeps at most one message of
 * bounded size, whatever the other side sends.
 */
export class AmiDecoder {
  /** The first line the server sends: `Asterisk Call Manager/…`. */
  greeting: string | undefined;
  private partial: Buffer[] = [];
  private partialBytes = 0;
  private lines: [string, string][] = [];

  push(chunk: Buffer): AmiMessage[] {
    const messages: AmiMessage[] = [];
    let from = 0;
    for (let end = chunk.indexOf(LF); end >= 0; end = chunk.indexOf(LF, from)) {
      const message = this.endLine(chunk.subarray(from, end));
      if (message !== undefined) messages.push(message);
      from = end + 1;
    }
    this.keep(chunk.subarray(from));
    return messages;
  }

  private keep(piece: Buffer): void {
    // One byte more than a line may have, so that a CR before the line end is not mistaken for content.
    const room = MAX_LINE_BYTES + 1 - this.partialBytes;
    if (piece.length === 0 || room <= 0) return;
    const kept = piece.subarray(0, room);
    // A copy: a slice would keep the whole chunk alive.
    this.partial.push(Buffer.from(kept));
    this.partialBytes += kept.length;
  }

  private endLine(piece: Buffer): AmiMessage | undefined {
    this.keep(piece);
    let line = this.partial.length === 1 ? this.partial[0]! : Buffer.concat(this.partial);
    this.partial = [];
    this.partialBytes = 0;
    if (line[line.length - 1] === CR) line = line.subarray(0, -1);
    if (line.length === 0) return this.endMessage();
    const text = line.subarray(0, MAX_LINE_BYTES).toString('utf8');
    if (this.greeting === undefined) {
      this.greeting = text;
      return undefined;
    }
    const parts = SEPARATOR.exec(text);
    if (parts !== null && this.lines.length < MAX_LINES) this.lines.push([parts[1]!, parts[2]!]);
    return undefined;
  }

  /** Empty lines stand between messages, sometimes more than one. */
  private endMessage(): AmiMessage | undefined {
    if (this.lines.length === 0) return undefined;
    const message = new AmiMessage(this.lines);
    this.lines = [];
    return message;
  }
}
