import { mutatedBytes, type Dice } from './dice';

/** Names that objects have of themselves, and some that mean something. */
const names = [
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  'length',
  '',
  '1',
  'action',
  'auth_token',
  'request_id',
  'data',
  'binding',
  'bindings',
  'account_id',
  'snapshot',
  'metadata',
  'event_type',
  'message',
  'type',
  'id',
  'call_id',
  'custom_channel_vars',
  'channels',
];

const texts = [
  '',
  '*',
  '#',
  '.',
  '..',
  'call',
  'call.*.*',
  'call.CHANNEL_CREATE.*',
  'call.CHANNEL_CREATE.a%00b',
  'call.CHANNEL_CREATE.%',
  'object.doc_created.user',
  'subscribe',
  'ping',
  'health',
  'client-id',
  '\0',
  '\ud800',
  '\u2028',
  '💥',
  '../../etc',
  'x'.repeat(300),
];

/** Any JSON value, as text: also what `JSON.stringify` would never write. */
export function jsonText(dice: Dice, depth = 3): string {
  const kind = dice.below(depth > 0 ? 12 : 8);
  if (kind === 0) return 'null';
  if (kind === 1) return dice.pick(['true', 'false']);
  if (kind === 2) return dice.pick(['1e999', '-1e999', '-0', '9007199254740993', '1E-400', '4'.repeat(400)]);
  if (kind === 3) return String((dice.below(2_000_000) - 1_000_000) / 8);
  if (kind <= 6) return JSON.stringify(dice.pick(texts));
  if (kind === 7) return JSON.stringify('x'.repeat(dice.below(3_000)));
  const size = dice.below(5);
  if (kind === 8) return `[${Array.from({ length: size }, () => jsonText(dice, depth - 1)).join(',')}]`;
  if (kind === 9) return nested(dice);
  return `{${members(dice, size, depth - 1)}}`;
}

/** Deeper than anybody writes by hand. */
function nested(dice: Dice): string {
  const depth = 1 + dice.below(500);
  return dice.oneIn(2)
    ? `${'['.repeat(depth)}${']'.repeat(depth)}`
    : `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`;
}

/** Some twice: the later one counts, says the standard, and the faults lie between. */
function members(dice: Dice, count: number, depth: number): string {
  const list = Array.from(
    { length: count },
    () => `${JSON.stringify(dice.pick(names))}:${jsonText(dice, depth)}`,
  );
  return list.join(',');
}

/**
 * A message with something wrong or strange about it: a member replaced, added, doubled or left out; now and then bytes
 * changed, two messages in one, or something else altogether.
 */
export function mutatedMessage(dice: Dice, message: Readonly<Record<string, unknown>>): Buffer {
  const kind = dice.below(16);
  if (kind === 0) return mutatedBytes(dice, Buffer.from(JSON.stringify(message)));
  if (kind === 1) return Buffer.from(JSON.stringify(message).repeat(2));
  if (kind === 2) return Buffer.from(jsonText(dice));
  const written = Object.entries(message).map(([name, value]): [string, string] => [
    JSON.stringify(name),
    JSON.stringify(value),
  ]);
  for (let changes = 1 + dice.below(2); changes > 0; changes -= 1) {
    const member = dice.pick(written);
    const change = dice.below(5);
    if (change === 0) written.splice(written.indexOf(member), written.length > 1 ? 1 : 0);
    else if (change === 1) member[1] = jsonText(dice);
    else if (change === 2) member[1] = mutatedInside(dice, member[1]);
    else if (change === 3) written.push([member[0], jsonText(dice)]);
    else
      written.splice(dice.below(written.length + 1), 0, [JSON.stringify(dice.pick(names)), jsonText(dice)]);
  }
  return Buffer.from(`{${written.map(([name, value]) => `${name}:${value}`).join(',')}}`);
}

/** The value stays what it is on the outside. */
function mutatedInside(dice: Dice, text: string): string {
  if (text.startsWith('"')) {
    const plain = JSON.parse(text) as string;
    const at = dice.below(plain.length + 1);
    return JSON.stringify(plain.slice(0, at) + dice.pick(texts) + plain.slice(at + dice.below(3)));
  }
  if (text.startsWith('{') && text.length > 2) return `{${members(dice, 1, 2)},${text.slice(1)}`;
  return `[${text},${jsonText(dice)}]`;
}

/** Text frames must be UTF-8; what is not belongs into a test of its own, because it ends the connection. */
export function isText(bytes: Buffer): boolean {
  return Buffer.from(bytes.toString('utf8')).equals(bytes);
}
