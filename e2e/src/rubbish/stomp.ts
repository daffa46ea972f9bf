import { mutatedBytes, type Dice } from './dice';

/** A frame that may be written wrongly: names more than once, in any order. */
interface Draft {
  command: string;
  headers: [name: string, value: string][];
  body: string;
}

const destinations = [
  '/queue/message',
  '/queue/unread-count',
  '/queue/channel/connected',
  '/events',
  '/topic/call.*.*',
  '/topic/call.CHANNEL_CREATE.*',
  '/topic/call.CHANNEL_DESTROY.*',
  '/topic/object.*.user',
  '/topic/messaging.message.*',
];

const values = [
  '',
  ' ',
  '0',
  '-1',
  '1e9',
  '\\c',
  '\\n',
  '💥',
  'a:b',
  'x'.repeat(500),
  'undefined',
  '__proto__',
];
const names = [
  '__proto__',
  'constructor',
  'x',
  'receipt',
  'Content-Type',
  'heart-beat',
  'ID',
  'foo bar',
  '💥',
];
const versions = ['1.2', '1.1', '1.0', '1.0,1.1,1.2', '1.3', '', '1.2,1.2', ' 1.1'];

/** The CONNECT of a connection: mostly right, or nothing behind it would be looked at. */
export function connectFrame(dice: Dice, token: string): Buffer {
  const draft: Draft = {
    command: dice.oneIn(8) ? 'STOMP' : 'CONNECT',
    headers: [
      ['accept-version', dice.pick(versions.slice(0, 4))],
      ['host', 'x'],
      ['heart-beat', dice.pick(['0,0', '10000,10000', '1,1', '999999999,999999999'])],
      ['Authorization', dice.oneIn(2) ? token : `Bearer ${token}`],
    ],
    body: '',
  };
  if (!dice.oneIn(6)) return written(draft);
  if (dice.oneIn(2)) draft.headers[0]![1] = dice.pick(versions);
  return dice.oneIn(2) ? strange(dice, draft) : wrong(dice, draft);
}

/** What one client says after CONNECT, frame by frame; it remembers what it subscribed to and began. */
export class StompTalk {
  private ids = 0;
  private readonly subscribed: string[] = [];
  private transactions: string[] = [];

  constructor(private readonly dice: Dice) {}

  /** Mostly strange but legal, so that the connection lives on; one in 25 wrong. */
  next(): Buffer {
    const draft = this.draft();
    return this.dice.oneIn(25) ? wrong(this.dice, draft) : strange(this.dice, draft);
  }

  private draft(): Draft {
    const { dice } = this;
    const kind = dice.below(10);
    if (kind <= 3 && this.subscribed.length < 40) return this.subscribe();
    if (kind <= 6 && this.subscribed.length > 0) {
      const [id] = this.subscribed.splice(dice.below(this.subscribed.length), 1);
      return { command: 'UNSUBSCRIBE', headers: [['id', id!]], body: '' };
    }
    if (kind <= 8 && this.transactions.length > 0) {
      const [transaction] = this.transactions.splice(dice.below(this.transactions.length), 1);
      const command = dice.pick(['COMMIT', 'ABORT']);
      return { command, headers: [['transaction', transaction!]], body: '' };
    }
    const transaction = `t${(this.ids += 1)}`;
    this.transactions.push(transaction);
    return { command: 'BEGIN', headers: [['transaction', transaction]], body: '' };
  }

  private subscribe(): Draft {
    const { dice } = this;
    const id = `${dice.pick(['', 'sub-', '💥'])}${(this.ids += 1)}`;
    this.subscribed.push(id);
    const destination = dice.oneIn(20)
      ? `/topic/call.CHANNEL_CREATE.r${dice.below(1_000)}`
      : dice.pick(destinations);
    const ack = dice.pick(['auto', 'client', 'auto']);
    return {
      command: 'SUBSCRIBE',
      headers: [
        ['id', id],
        ['destination', destination],
        ['ack', ack],
      ],
      body: '',
    };
  }
}

/** Unusual, and allowed: unknown names, a name twice, another order, a receipt, a length of nought, heart-beats around it. */
function strange(dice: Dice, draft: Draft): Buffer {
  const headers = [...draft.headers];
  if (dice.oneIn(3)) headers.reverse();
  for (let changes = 1 + dice.below(3); changes > 0; changes -= 1) {
    const kind = dice.below(4);
    if (kind === 0) headers.splice(dice.below(headers.length + 1), 0, ['x-odd', `v${dice.below(10)}`]);
    else if (kind === 1) headers.push([dice.pick(headers)[0], 'the first counts']);
    else if (kind === 2) headers.push(['receipt', dice.pick(values.slice(1))]);
    else headers.push([dice.pick(names), 'x']);
  }
  if (dice.oneIn(10)) headers.unshift(['content-length', '0']);
  const beats = '\n'.repeat(dice.below(4));
  return Buffer.concat([Buffer.from(beats), written({ ...draft, headers })]);
}

/** Not allowed, or not likely to be. */
function wrong(dice: Dice, draft: Draft): Buffer {
  const kind = dice.below(9);
  const headers = [...draft.headers];
  if (kind === 0) return mutatedBytes(dice, written(draft));
  if (kind === 1) headers.splice(dice.below(headers.length), 1);
  if (kind === 2) headers[dice.below(headers.length)]![1] = dice.pick(values);
  if (kind === 3) return written({ ...draft, headers: [['content-length', lengthOf(dice)], ...headers] });
  if (kind === 4) return written({ ...draft, command: dice.pick(commands) });
  if (kind === 5) return written({ ...draft, body: 'a body' });
  if (kind === 6) return written(draft).subarray(0, dice.below(40));
  if (kind === 7) {
    const many = Array.from({ length: 10 + dice.below(120) }, (_, i): [string, string] => [`h${i}`, 'v']);
    headers.unshift(...many);
  }
  if (kind === 8) headers.push(['destination', 'x'.repeat(dice.below(20_000))]);
  return written({ ...draft, headers });
}

const commands = [
  'ACK',
  'NACK',
  'SEND',
  'CONNECT',
  'MESSAGE',
  'ERROR',
  'subscribe',
  'BEGIN ',
  '',
  '\r',
  'COMMIT',
];

/** Short enough that {@link farewell} fills it up, or above every limit. */
function lengthOf(dice: Dice): string {
  return dice.pick([
    '1',
    '7',
    '200',
    '-1',
    '0x10',
    '1e3',
    '999999999',
    '99999999999999999999',
    ' 5',
    '+1',
    '',
  ]);
}

function written({ command, headers, body }: Draft): Buffer {
  return Buffer.from(
    `${command}\n${headers.map(([name, value]) => `${name}:${value}\n`).join('')}\n${body}\0`,
  );
}

/**
 * Ends whatever is unfinished: fills up a body that claims to be longer, is a heart-beat otherwise. The answer to it is the
 * last the connection says, unless it ended before.
 */
export const farewell = {
  text: `${'\n'.repeat(512)}\0\nDISCONNECT\nreceipt:good-bye\n\n\0`,
  answer: 'good-bye',
};
