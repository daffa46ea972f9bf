import { isUtf8 } from 'node:buffer';
import {
  clientCommands,
  commandsWithBody,
  commandsWithoutEscapes,
  type FrameLimits,
  type StompFrame,
  type StompVersion,
} from './frame';
import { unescapeHeader } from './header-escapes';

/** Why bytes are no frame. `tooLarge`: a limit, not the grammar. */
export interface FrameFault {
  readonly text: string;
  readonly tooLarge: boolean;
  /** Of the faulty frame, as far as it was read. */
  readonly receipt: string | undefined;
}

export type Decoded =
  { readonly ok: true; readonly frame: StompFrame } | { readonly ok: false; readonly fault: FrameFault };

export interface FrameDecoderOptions {
  readonly limits: FrameLimits;
  /** Default: those a client may send. */
  readonly commands?: ReadonlySet<string>;
}

const NUL = 0;
const LF = 10;
const CR = 13;
const EMPTY = Buffer.alloc(0);
const MIN_BUFFER_BYTES = 1_024;

/** The frame being read. */
interface Partial {
  command: string | undefined;
  readonly headers: Map<string, string>;
  headerLines: number;
  /** All headers were read. */
  inBody: boolean;
  contentLength: number | undefined;
  /** Bytes of it that were consumed already. */
  bytes: number;
}

/**
 * Bytes to frames, however they are cut: a frame over several messages, several in one, a character split in two. Frames
 * are taken one at a time, because the first decides the version by which those behind it are read, maybe of the same
 * message. Never throws; holds at most one frame and what was pushed last; looks at each byte a constant number of times.
 * After a fault it says only that.
 */
export class FrameDecoder {
  /** Undefined until it is agreed on: then lines may end with LF or CR LF. */
  version: StompVersion | undefined;
  limits: FrameLimits;
  private readonly commands: ReadonlySet<string>;
  private buffer: Buffer = EMPTY;
  private read = 0;
  private end = 0;
  /** Nothing that is looked for was found before it. */
  private scanned = 0;
  /** The buffer was made here and may be written behind `end`. */
  private own = false;
  private partial: Partial | undefined;
  private fault: FrameFault | undefined;

  constructor(options: FrameDecoderOptions) {
    this.limits = options.limits;
    this.commands = options.commands ?? clientCommands;
  }

  /** Bytes it keeps. */
  get bufferedBytes(): number {
    return this.end - this.read;
  }

  push(chunk: Buffer): void {
    if (this.fault !== undefined || chunk.length === 0) return;
    const pending = this.end - this.read;
    if (pending === 0) {
      this.adopt(chunk, 0, chunk.length, false);
      return;
    }
    if (!this.own || this.end + chunk.length > this.buffer.length) {
      const grown = Buffer.allocUnsafe(Math.max(MIN_BUFFER_BYTES, 2 * (pending + chunk.length)));
      this.buffer.copy(grown, 0, this.read, this.end);
      const scanned = this.scanned - this.read;
      this.adopt(grown, 0, pending, true);
      this.scanned = scanned;
    }
    chunk.copy(this.buffer, this.end);
    this.end += chunk.length;
  }

  /** The next frame, or what is wrong; undefined: more bytes are needed. A frame's body is valid until the next push. */
  next(): Decoded | undefined {
    while (this.fault === undefined) {
      if (this.partial === undefined && !this.skipToFrame()) break;
      const partial = (this.partial ??= newPartial());
      if (partial.inBody) {
        const frame = this.readBody(partial);
        if (frame !== undefined) return { ok: true, frame };
        break;
      }
      if (!this.readLine(partial)) break;
    }
    return this.fault === undefined ? undefined : { ok: false, fault: this.fault };
  }

  private adopt(buffer: Buffer, read: number, end: number, own: boolean): void {
    this.buffer = buffer;
    this.read = read;
    this.end = end;
    this.scanned = read;
    this.own = own;
  }

  /** Line ends and stray NULs between frames are heart-beats. False: nothing else is there. */
  private skipToFrame(): boolean {
    for (; this.read < this.end; this.read += 1) {
      const byte = this.buffer[this.read];
      if (byte === LF || byte === NUL) continue;
      if (byte !== CR) break;
      if (!this.takesCarriageReturns) return this.fail('carriage return outside of a frame');
      if (this.read + 1 === this.end) return false;
      if (this.buffer[this.read + 1] !== LF) return this.fail('carriage return without line feed');
    }
    this.scanned = this.read;
    if (this.read < this.end) return true;
    this.adopt(EMPTY, 0, 0, false);
    return false;
  }

  private get takesCarriageReturns(): boolean {
    return this.version === undefined || this.version === '1.2';
  }

  /** One line of the head. False: not complete, or wrong. */
  private readLine(partial: Partial): boolean {
    const { maxLineBytes, maxFrameBytes } = this.limits;
    const found = this.buffer.subarray(0, this.end).indexOf(LF, this.scanned);
    const until = found < 0 ? this.end : found;
    if (until - this.read > maxLineBytes + 1) return this.failTooLarge('line too long');
    if (partial.bytes + until - this.read >= maxFrameBytes) return this.failTooLarge('frame too large');
    if (this.buffer.subarray(this.scanned, until).includes(NUL)) {
      return this.fail('frame ends within its headers');
    }
    if (found < 0) {
      this.scanned = this.end;
      return false;
    }
    let line = this.buffer.subarray(this.read, found);
    partial.bytes += found + 1 - this.read;
    this.read = found + 1;
    this.scanned = this.read;
    if (line.at(-1) === CR && this.takesCarriageReturns) line = line.subarray(0, -1);
    if (line.length > maxLineBytes) return this.failTooLarge('line too long');
    if (line.includes(CR)) return this.fail('carriage return within a line');
    if (!isUtf8(line)) return this.fail('headers are not UTF-8');
    const text = line.toString('utf8');
    if (partial.command === undefined) return this.takeCommand(partial, text);
    return text === '' ? this.endHead(partial) : this.takeHeader(partial, text);
  }

  private takeCommand(partial: Partial, text: string): boolean {
    const command = this.version === '1.0' ? text.trim() : text;
    if (!this.commands.has(command)) return this.fail('unknown command');
    partial.command = command;
    return true;
  }

  private takeHeader(partial: Partial, text: string): boolean {
    partial.headerLines += 1;
    if (partial.headerLines > this.limits.maxHeaders) return this.failTooLarge('too many headers');
    const colon = text.indexOf(':');
    if (colon < 0) return this.fail('header without colon');
    const name = this.plain(partial, text.slice(0, colon));
    const value = this.plain(partial, text.slice(colon + 1));
    if (name === undefined || value === undefined) return this.fail('undefined escape sequence in a header');
    if (name === '') return this.fail('header without name');
    if (!partial.headers.has(name)) partial.headers.set(name, value);
    return true;
  }

  private plain(partial: Partial, text: string): string | undefined {
    if (this.version === '1.0') return text.trim();
    if (this.version === undefined || commandsWithoutEscapes.has(partial.command!)) return text;
    return unescapeHeader(text, this.version);
  }

  private endHead(partial: Partial): boolean {
    const given = partial.headers.get('content-length');
    if (given !== undefined) {
      if (!/^\d{1,15}$/.test(given)) return this.fail('invalid content-length');
      partial.contentLength = Number(given);
      if (partial.bytes + partial.contentLength >= this.limits.maxFrameBytes) {
        return this.failTooLarge('frame too large');
      }
      if (partial.contentLength > 0 && !this.mayHaveBody(partial)) return this.fail('body not allowed');
    }
    partial.inBody = true;
    return true;
  }

  private mayHaveBody(partial: Partial): boolean {
    return this.version === '1.0' || commandsWithBody.has(partial.command!);
  }

  private readBody(partial: Partial): StompFrame | undefined {
    const { contentLength } = partial;
    let bodyEnd: number;
    if (contentLength !== undefined) {
      bodyEnd = this.read + contentLength;
      if (bodyEnd >= this.end) return undefined;
      if (this.buffer[bodyEnd] !== NUL) {
        this.fail('no NUL where content-length says the frame ends');
        return undefined;
      }
    } else {
      bodyEnd = this.buffer.subarray(0, this.end).indexOf(NUL, this.scanned);
      const until = bodyEnd < 0 ? this.end : bodyEnd;
      if (until > this.read && !this.mayHaveBody(partial)) {
        this.fail('body not allowed');
        return undefined;
      }
      if (partial.bytes + until - this.read >= this.limits.maxFrameBytes) {
        this.failTooLarge('frame too large');
        return undefined;
      }
      if (bodyEnd < 0) {
        this.scanned = this.end;
        return undefined;
      }
    }
    const body = this.buffer.subarray(this.read, bodyEnd);
    this.read = bodyEnd + 1;
    this.scanned = this.read;
    this.partial = undefined;
    return { command: partial.command!, headers: partial.headers, body };
  }

  private failTooLarge(text: string): false {
    return this.fail(text, true);
  }

  private fail(text: string, tooLarge = false): false {
    this.fault = { text, tooLarge, receipt: this.partial?.headers.get('receipt') };
    this.partial = undefined;
    this.adopt(EMPTY, 0, 0, false);
    return false;
  }
}

function newPartial(): Partial {
  return {
    command: undefined,
    headers: new Map(),
    headerLines: 0,
    inBody: false,
    contentLength: undefined,
    bytes: 0,
  };
}
