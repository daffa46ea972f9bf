import type { PlainError } from './plain-value';

/** One log entry, already redacted. */
export interface LogEntry {
  readonly time: Date;
  readonly level: string;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

const COLOURS: Readonly<Record<string, number>> = { error: 31, warn: 33, info: 36, debug: 90 };

/** One JSON object on one line. Fields come beside the fixed members and cannot replace them. */
export function formatJson({ time, level, message, fields }: LogEntry): string {
  return JSON.stringify({ ...fields, time: time.toISOString(), level, message });
}

/** One line for people; the stack of an error follows, indented. */
export function formatPretty({ time, level, message, fields }: LogEntry, colours: boolean): string {
  const paint = (text: string, code: number): string => (colours ? `\x1b[${code}m${text}\x1b[0m` : text);
  const { service, ...rest } = fields;
  const pairs: string[] = [];
  const stacks: string[] = [];
  for (const [key, value] of Object.entries(rest)) {
    if (isPlainError(value)) {
      pairs.push(`${key}=${printable(JSON.stringify(summary(value)))}`);
      stacks.push(...stackLines(value));
    } else {
      pairs.push(`${key}=${printable(typeof value === 'string' ? quoted(value) : JSON.stringify(value))}`);
    }
  }
  const head = [
    paint(clock(time), 90),
    paint(level.toUpperCase().padEnd(5), COLOURS[level] ?? 0),
    ...(typeof service === 'string' ? [paint(printable(service).padEnd(15), 90)] : []),
    printable(message),
    ...(pairs.length > 0 ? [paint(pairs.join(' '), 90)] : []),
  ];
  return [head.join(' '), ...stacks.map((line) => paint(`    ${line}`, 90))].join('\n');
}

function clock(time: Date): string {
  const part = (value: number, length = 2): string => String(value).padStart(length, '0');
  const { h, m, s } = { h: time.getHours(), m: time.getMinutes(), s: time.getSeconds() };
  return `${part(h)}:${part(m)}:${part(s)}.${part(time.getMilliseconds(), 3)}`;
}

function quoted(text: string): string {
  return /^[^\s"=]+$/.test(text) ? text : JSON.stringify(text);
}

/** Control characters could forge lines or drive the terminal. */
function printable(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029]/gu, (character) =>
    character === '\n' ? '\\n' : `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
}

function isPlainError(value: unknown): value is PlainError {
  return typeof value === 'object' && value !== null && 'stack' in value && 'message' in value;
}

function summary(error: PlainError): string {
  const cause = isPlainError(error.cause) ? ` (cause: ${summary(error.cause)})` : '';
  return `${error.message}${cause}`;
}

function stackLines(error: PlainError): string[] {
  const own = (error.stack ?? '').split('\n').map(printable);
  return isPlainError(error.cause) ? [...own, 'caused by', ...stackLines(error.cause)] : own;
}
