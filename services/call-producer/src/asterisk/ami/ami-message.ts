import { AppError } from '@ringdown/core';

/** A field of an action; an array is sent as several lines of one name. */
export type ActionFields = Readonly<Record<string, string | readonly string[] | undefined>>;

const FIELD_NAME = /^[A-Za-z][A-Za-z0-9_-]{0,63}$/;
/** Longest value we send; the manager interface itself takes lines of little more. */
const MAX_VALUE_BYTES = 900;
/** What Asterisk shows where it does not know. */
const UNKNOWN = new Set(['<unknown>', '<null>', '(null)']);

/** A message of the Asterisk Manager Interface: header lines in order, names without case. */
export class AmiMessage {
  private readonly fields = new Map<string, string[]>();

  constructor(lines: Iterable<readonly [name: string, value: string]>) {
    for (const [name, value] of lines) {
      const key = name.toLowerCase();
      const values = this.fields.get(key);
      if (values === undefined) this.fields.set(key, [value]);
      else values.push(value);
    }
  }

  /** The first value of this name; empty when there is none. */
  get(name: string): string {
    return this.fields.get(name.toLowerCase())?.[0] ?? '';
  }

  /** The same, undefined when it is empty or says that Asterisk does not know. */
  text(name: string): string | undefined {
    const value = this.get(name);
    return value === '' || UNKNOWN.has(value) ? undefined : value;
  }

  all(name: string): readonly string[] {
    return this.fields.get(name.toLowerCase()) ?? [];
  }

  /** Name of the event; empty for a response. */
  get event(): string {
    return this.get('Event');
  }

  get actionId(): string {
    return this.get('ActionID');
  }

  get isResponse(): boolean {
    return this.fields.has('response');
  }
}

/**
 * The bytes of an action. A line end inside a value would begin another header, or another action: it is refused, like
 * whatever else cannot be one header line. Error: `bad_request`, which names the field and never the value.
 */
export function encodeAction(action: string, actionId: string, fields: ActionFields): string {
  let text = line('Action', action) + line('ActionID', actionId);
  for (const [name, value] of Object.entries(fields)) {
    if (value === undefined) continue;
    for (const one of typeof value === 'string' ? [value] : value) text += line(name, one);
  }
  return `${text}\r\n`;
}

function line(name: string, value: string): string {
  // Control characters have no business in any header; the line ends among them are the dangerous ones.
  if (!FIELD_NAME.test(name) || /\p{Cc}/u.test(value)) {
    throw new AppError('bad_request', `the switch cannot be sent this ${name.slice(0, 64)}`);
  }
  if (Buffer.byteLength(value) > MAX_VALUE_BYTES) {
    throw new AppError('bad_request', `${name} is too long for the switch`);
  }
  return `${name}: ${value}\r\n`;
}
